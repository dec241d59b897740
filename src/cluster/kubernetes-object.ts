import { isFields, type Fields } from '../workload/json-fields.ts'
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

/** Lists in lists: deeper ones are no longer looked into. */
const MAX_LIST_DEPTH = 5

/**
 * The objects of one YAML or JSON document: `kind: List` and typed lists (`SecretList`, whose items name neither kind nor
 * apiVersion) are expanded, an absent namespace is `defaultNamespace`. What names no kind, apiVersion and name is left out.
 */
export function readKubernetesObjects(
  document: unknown,
  defaultNamespace = 'default',
): KubernetesObject[] {
  return expandList(document, MAX_LIST_DEPTH).flatMap((fields) => {
    const object = namedObject(fields, defaultNamespace)
    return object === null ? [] : [object]
  })
}

function expandList(value: unknown, depth: number): Fields[] {
  if (!isFields(value)) return []
  const kind = textOrEmpty(value.kind)
  if (!kind.endsWith('List') || !Array.isArray(value.items)) return [value]
  if (depth === 0) return []
  const item =
    kind === 'List'
      ? {}
      : { apiVersion: value.apiVersion, kind: kind.slice(0, -'List'.length) }
  return value.items
    .filter(isFields)
    .flatMap((fields) => expandList({ ...item, ...fields }, depth - 1))
}

function namedObject(fields: Fields, defaultNamespace: string): KubernetesObject | null {
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

/** `apps/v1` -> `apps`, `v1` -> ''. */
function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}
