import type { Fields } from '../json/fields.ts'
import { groupOf } from '../workload/workload-kinds.ts'

/** Kinds of Kubernetes itself in groups whose other kinds have pod templates: they name no images. */
const WITHOUT_IMAGES: Readonly<Record<string, ReadonlySet<string>>> = {
  '': new Set([
    'Binding',
    'ConfigMap',
    'Endpoints',
    'Event',
    'LimitRange',
    'List',
    'Namespace',
    'Node',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'ResourceQuota',
    'Secret',
    'Service',
    'ServiceAccount',
  ]),
  apps: new Set(['ControllerRevision']),
  batch: new Set(),
}

/** Groups of Kubernetes itself without a dot, whose kinds name no images. */
const BUILT_IN = new Set(['autoscaling', 'policy', 'extensions'])

/**
 * Whether an object that is no workload may name images all the same: a custom resource without a rule, or a kind of Kubernetes that is
 * misspelt or has the apiVersion of another one. `*.k8s.io` is Kubernetes itself, `config.k8s.io` and the like included.
 */
export function isUnknownKind({ apiVersion, kind }: Fields): boolean {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return false
  const group = groupOf(apiVersion)
  const known = WITHOUT_IMAGES[group]
  if (known !== undefined) return !known.has(kind)
  return !BUILT_IN.has(group) && !group.endsWith('.k8s.io')
}
