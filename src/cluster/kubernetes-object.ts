import type { Fields } from '../json/fields.ts'
import { groupOf } from '../workload/workload-kinds.ts'
import { expandLists } from './expand-lists.ts'
import { fieldsOrEmpty, textOrEmpty } from './lenient-fields.ts'

/** A parsed manifest that names itself. `namespace` is '' for what lives outside of namespaces. */
export interface KubernetesObject {
  /** Group without version: '' for the core group, such as `apps`. */
  group: string
  kind: string
  namespace: string
  name: string
  fields: Fields
}

/** Kinds without a namespace among those that we read. */
const CLUSTER_SCOPED = new Set([
  'Namespace',
  'Node',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
])

/**
 * The objects of one YAML or JSON document, lists expanded as expandLists does it; an absent namespace is `defaultNamespace`.
 * What names no kind, apiVersion and name is left out.
 */
export function readKubernetesObjects(
  document: unknown,
  defaultNamespace = 'default',
): KubernetesObject[] {
  return expandLists(document).objects.flatMap(({ fields }) => {
    const object = namedObject(fields, defaultNamespace)
    return object === null ? [] : [object]
  })
}

/** One object as it names itself; null when it does not. */
export function namedObject(
  fields: Fields,
  defaultNamespace: string,
): KubernetesObject | null {
  const kind = textOrEmpty(fields.kind)
  const apiVersion = textOrEmpty(fields.apiVersion)
  const metadata = fieldsOrEmpty(fields.metadata)
  const name = textOrEmpty(metadata.name)
  if (kind === '' || apiVersion === '' || name === '') return null
  const namespace = CLUSTER_SCOPED.has(kind)
    ? ''
    : textOrEmpty(metadata.namespace) || defaultNamespace
  return { group: groupOf(apiVersion), kind, namespace, name, fields }
}
