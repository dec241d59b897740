import type { ListedKind } from '../cluster/object-lister.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'
import { groupOf } from '../workload/workload-kinds.ts'

/** What an audit lists of Kubernetes itself: owners before what they own, Pods last. */
const BUILT_IN: readonly ListedKind[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'batch/v1', kind: 'CronJob' },
  { apiVersion: 'v1', kind: 'ReplicationController' },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
]

export const POD: ListedKind = { apiVersion: 'v1', kind: 'Pod' }

/** Nothing makes Pods of it until somebody asks: only listed together with what is inactive. */
const POD_TEMPLATE: ListedKind = { apiVersion: 'v1', kind: 'PodTemplate' }

/** Every kind that an audit lists, in order; each kind of the rules once. */
export function clusterKinds(
  rules: readonly CustomResourceRule[],
  includeInactive: boolean,
): ListedKind[] {
  const custom = new Map(
    rules.map(({ apiVersion, kind }) => [
      `${apiVersion} ${kind}`,
      { apiVersion, kind } satisfies ListedKind,
    ]),
  )
  return [
    ...custom.values(),
    ...BUILT_IN,
    ...(includeInactive ? [POD_TEMPLATE] : []),
    POD,
  ]
}

/** Names a kind of any version. */
export function kindKey(apiVersion: string, kind: string): string {
  return `${groupOf(apiVersion)}/${kind}`
}

/** Names an object, whichever version of its group it is seen in. */
export function objectKey(object: {
  apiVersion: string
  kind: string
  namespace: string
  name: string
}): string {
  const { apiVersion, kind, namespace, name } = object
  return `${kindKey(apiVersion, kind)}/${namespace}/${name}`
}
