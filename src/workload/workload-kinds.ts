import type { Fields } from '../json/fields.ts'

/** Where a kind of Kubernetes itself keeps what decides about its Pods. Paths are lists of field names. */
export interface KindLayout {
  /** API groups that serve the kind, in any version: the fields read here are the same in all of them. */
  groups: readonly string[]
  /** Path to the pod template; empty for a Pod, which is its own. */
  podTemplate: readonly string[]
  /** How many Pods are wanted; null where the kind has no such number. */
  replicas: readonly string[] | null
  /** Booleans of which any holds new Pods back. */
  suspended: readonly (readonly string[])[]
  everyNode: boolean
}

const scaled = { podTemplate: ['spec', 'template'], replicas: ['spec', 'replicas'] }

const layouts: ReadonlyMap<string, KindLayout> = new Map([
  ['Pod', layout({ groups: [''], podTemplate: [] })],
  ['PodTemplate', layout({ groups: [''], podTemplate: ['template'] })],
  ['ReplicationController', layout({ groups: [''], ...scaled })],
  [
    'Deployment',
    layout({
      groups: ['apps', 'extensions'],
      ...scaled,
      suspended: [['spec', 'paused']],
    }),
  ],
  ['ReplicaSet', layout({ groups: ['apps', 'extensions'], ...scaled })],
  ['StatefulSet', layout({ groups: ['apps'], ...scaled })],
  ['DaemonSet', layout({ groups: ['apps', 'extensions'], everyNode: true })],
  [
    'Job',
    layout({
      groups: ['batch'],
      replicas: ['spec', 'parallelism'],
      suspended: [['spec', 'suspend']],
    }),
  ],
  [
    'CronJob',
    layout({
      groups: ['batch'],
      podTemplate: ['spec', 'jobTemplate', 'spec', 'template'],
      replicas: ['spec', 'jobTemplate', 'spec', 'parallelism'],
      suspended: [
        ['spec', 'suspend'],
        ['spec', 'jobTemplate', 'spec', 'suspend'],
      ],
    }),
  ],
])

/** Where custom resources, by convention, keep what scales and suspends them (Argo Rollouts, Kruise, Kueue). */
export const customLayout: KindLayout = layout({
  groups: [],
  replicas: ['spec', 'replicas'],
  suspended: [
    ['spec', 'paused'],
    ['spec', 'suspend'],
  ],
})

/** The layout of a kind of Kubernetes itself; null for every other kind. */
export function builtInLayout(apiVersion: string, kind: string): KindLayout | null {
  const found = layouts.get(kind)
  if (!found?.groups.includes(groupOf(apiVersion))) return null
  return found
}

/** The group of an apiVersion; empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}

/** The value at a fixed path, or undefined where something on the way is missing or no object. */
export function valueAt(object: Fields, path: readonly string[]): unknown {
  let value: unknown = object
  for (const field of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Fields)[field]
  }
  return value
}

function layout(given: Partial<KindLayout> & Pick<KindLayout, 'groups'>): KindLayout {
  return {
    podTemplate: ['spec', 'template'],
    replicas: null,
    suspended: [],
    everyNode: false,
    ...given,
  }
}
