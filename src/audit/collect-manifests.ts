import { readKubernetesObjects } from '../cluster/kubernetes-object.ts'
import type { KubernetesObject } from '../cluster/kubernetes-object.ts'
import { readWorkload } from '../workload/read-workload.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'
import type { Workload } from '../workload/workload.ts'
import type { YamlDocument } from '../yaml/documents.ts'
import { parsePath } from '../yaml/path.ts'
import type { PathSegment } from '../yaml/path.ts'
import { readDocuments } from '../yaml/read-documents.ts'
import type { AuditProblem, Position } from './audit-result.ts'

export interface ManifestInput {
  /** As the user named it; `-` is standard input. */
  file: string
  content: string | Uint8Array
}

export interface CollectedWorkload {
  workload: Workload
  /** Where a field of the object, such as `spec.containers[0].image`, is written; null when it is not written. */
  positionOf: (path: string) => Position | null
}

export interface Collection {
  workloads: CollectedWorkload[]
  /** Everything the files hold, workloads or not: a Secret in the same files counts as present. */
  objects: KubernetesObject[]
  problems: AuditProblem[]
}

export interface CollectOptions {
  rules: readonly CustomResourceRule[]
  /** For objects that name none. */
  namespace: string
}

/** Lists in lists: deeper ones are no longer looked into. */
const MAX_LIST_DEPTH = 5

/** Reads manifests. What cannot be read becomes a problem with its place, and the rest is collected all the same. */
export function collectManifests(
  inputs: readonly ManifestInput[],
  options: CollectOptions,
): Collection {
  const collection: Collection = { workloads: [], objects: [], problems: [] }
  for (const { file, content } of inputs) {
    const { documents, errors } = readDocuments(content)
    for (const { message, line, column } of errors) {
      collection.problems.push({ message, position: { file, line, column } })
    }
    for (const document of documents) {
      for (const part of expandLists(document.value, [], MAX_LIST_DEPTH)) {
        collectObject({ file, document, ...part }, options, collection)
      }
    }
  }
  return collection
}

interface Part {
  value: unknown
  /** Where in its document the object stands. */
  prefix: PathSegment[]
}

function expandLists(value: unknown, prefix: PathSegment[], depth: number): Part[] {
  if (depth === 0 || typeof value !== 'object' || value === null)
    return [{ value, prefix }]
  if (!('kind' in value) || !('items' in value) || !Array.isArray(value.items)) {
    return [{ value, prefix }]
  }
  if (typeof value.kind !== 'string' || !value.kind.endsWith('List'))
    return [{ value, prefix }]
  return value.items.flatMap((item: unknown, index) =>
    expandLists(item, [...prefix, 'items', index], depth - 1),
  )
}

function collectObject(
  part: Part & { file: string; document: YamlDocument },
  options: CollectOptions,
  collection: Collection,
): void {
  const { file, document, value, prefix } = part
  collection.objects.push(...readKubernetesObjects(value, options.namespace))
  const place = (path: readonly PathSegment[]): Position | null => {
    const found = document.positionOf([...prefix, ...path])
    return found === null ? null : { file, ...found }
  }
  if (!looksLikeKubernetes(value)) return
  const read = readWorkload(value, options.rules, {
    namespace: namespaceOf(value) ?? options.namespace,
    stage: 'manifest',
  })
  if (read.status === 'malformed') {
    collection.problems.push({ message: read.reason, position: place([]) })
  }
  if (read.status !== 'workload') return
  collection.workloads.push({
    workload: read.workload,
    positionOf: (path) => place(parsePath(path) ?? []),
  })
}

/** Files of other kinds (values.yaml, CI configuration) are no problem, and no objects. */
function looksLikeKubernetes(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    'apiVersion' in value
  )
}

function namespaceOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return null
  const { metadata } = value
  if (typeof metadata !== 'object' || metadata === null || !('namespace' in metadata))
    return null
  const { namespace } = metadata
  return typeof namespace === 'string' && namespace !== '' ? namespace : null
}
