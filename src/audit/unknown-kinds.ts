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
 * Of an object that is no workload and may name images all the same. `uncovered`: a custom resource without a rule. `unheard-of`: in
 * a group of Kubernetes itself, so the kind is misspelt or has the apiVersion of another one. Null for what names no images;
 * `*.k8s.io` is Kubernetes itself, `config.k8s.io` and the like included.
 */
export function unknownKind({
  apiVersion,
  kind,
}: Fields): 'uncovered' | 'unheard-of' | null {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return null
  const group = groupOf(apiVersion)
  const known = WITHOUT_IMAGES[group]
  if (known !== undefined) return known.has(kind) ? null : 'unheard-of'
  return BUILT_IN.has(group) || group.endsWith('.k8s.io') ? null : 'uncovered'
}
