import { expandLists, type DocumentPart } from '../cluster/expand-lists.ts'
import { namedObject } from '../cluster/kubernetes-object.ts'
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
      for (const part of expandLists(document.value)) {
        collectObject({ file, document, ...part }, options, collection)
      }
    }
  }
  return collection
}

function collectObject(
  part: DocumentPart & { file: string; document: YamlDocument },
  { rules, namespace }: CollectOptions,
  collection: Collection,
): void {
  const { file, document, fields, prefix } = part
  const object = namedObject(fields, namespace)
  if (object !== null) collection.objects.push(object)
  const place = (path: readonly PathSegment[]): Position | null => {
    const found = document.positionOf([...prefix, ...path])
    return found === null ? null : { file, ...found }
  }
  // Files of other kinds (values.yaml, CI configuration) are no problem, and no objects.
  if (!('kind' in fields && 'apiVersion' in fields)) return
  const read = readWorkload(fields, rules, { namespace, stage: 'manifest' })
  if (read.status === 'malformed') {
    collection.problems.push({ message: read.reason, position: place([]) })
  }
  if (read.status !== 'workload') return
  collection.workloads.push({
    workload: read.workload,
    positionOf: (path) => place(parsePath(path) ?? []),
  })
}
