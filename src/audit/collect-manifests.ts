import { expandLists, type DocumentPart } from '../cluster/expand-lists.ts'
import { namedObject } from '../cluster/kubernetes-object.ts'
import type { KubernetesObject } from '../cluster/kubernetes-object.ts'
import { isStoredKind } from '../cluster/object-store.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'
import { readWorkload } from '../workload/read-workload.ts'
import type { ObjectIdentity, Workload } from '../workload/workload.ts'
import type { YamlDocument, YamlError } from '../yaml/documents.ts'
import { parsePath } from '../yaml/path.ts'
import type { PathSegment } from '../yaml/path.ts'
import { streamDocuments } from '../yaml/read-documents.ts'
import type { AuditProblem, Position } from './audit-result.ts'
import { unknownKind } from './unknown-kinds.ts'

export interface ManifestInput {
  /** As the user named it; `-` is standard input. */
  file: string
  content: string | Uint8Array
}

export interface CollectedWorkload {
  workload: Workload
  /** Where an image of the object, such as `spec.containers[0].image`, is written, or else what should hold it; null without a file. */
  positionOf: (path: string) => Position | null
  /** How reports call it, where that is not what is judged. */
  shownAs?: ObjectIdentity
}

export interface Collection {
  workloads: CollectedWorkload[]
  /** What the files tell of a cluster: a Secret in the same files counts as present. */
  objects: KubernetesObject[]
  problems: AuditProblem[]
  /** Kinds that may name images but that no rule covers, as `Rollout (argoproj.io/v1alpha1)`, with how many there were. */
  unjudged: Map<string, number>
}

export interface CollectOptions {
  rules: readonly CustomResourceRule[]
  /** For objects that name none. */
  namespace: string
}

/** Files and streams come one by one, so that only one of them is in memory as text. */
export interface ManifestCollector {
  add(input: ManifestInput): void
  collection: Collection
}

/** A stream of a whole cluster is large; its files are read up to 64 MiB (commands/inputs). */
const BOUNDS = { maxBytes: 64 * 1024 * 1024, maxDocuments: 100_000 }

/** Reads manifests. What cannot be read becomes a problem with its place, and the rest is collected all the same. */
export function createManifestCollector(options: CollectOptions): ManifestCollector {
  const collection: Collection = {
    workloads: [],
    objects: [],
    problems: [],
    unjudged: new Map(),
  }
  return {
    collection,
    add({ file, content }) {
      let isTemplate = false
      for (const read of streamDocuments(content, BOUNDS)) {
        if (!('message' in read)) {
          for (const part of expandLists(read.value)) {
            collectObject({ file, document: read, ...part }, options, collection)
          }
        } else if (read.placeholder === undefined) {
          collection.problems.push(problemAt(file, read))
        } else if (!isTemplate) {
          isTemplate = true
          collection.problems.push(templateAt(file, read.placeholder))
        }
      }
    },
  }
}

/** Everything at once. */
export function collectManifests(
  inputs: readonly ManifestInput[],
  options: CollectOptions,
): Collection {
  const collector = createManifestCollector(options)
  for (const input of inputs) collector.add(input)
  return collector.collection
}

function problemAt(file: string, { message, line, column }: YamlError): AuditProblem {
  return { message, position: { file, line, column } }
}

/** A chart's template is no YAML, and a dozen syntax errors would not say so: one line for all of its documents. */
function templateAt(
  file: string,
  { line, column }: Omit<Position, 'file'>,
): AuditProblem {
  const message =
    'this is a template that still holds placeholders such as {{ ... }}: render it first, as in helm template . | pullgate check -f -'
  return { message, position: { file, line, column } }
}

function collectObject(
  part: DocumentPart & { file: string; document: YamlDocument },
  { rules, namespace }: CollectOptions,
  collection: Collection,
): void {
  const { file, document, fields, prefix } = part
  const object = namedObject(fields, namespace)
  if (object !== null && isStoredKind(object.kind)) collection.objects.push(object)
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
  if (read.status === 'not-a-workload') {
    const kind = `${String(fields.kind)} (${String(fields.apiVersion)})`
    const unknown = unknownKind(fields)
    if (unknown === 'uncovered')
      collection.unjudged.set(kind, (collection.unjudged.get(kind) ?? 0) + 1)
    if (unknown === 'unheard-of') {
      const message = `${kind} is no kind of Kubernetes that is known here, so it was not judged`
      collection.problems.push({ message, position: place(['kind']) })
    }
  }
  if (read.status !== 'workload') return
  const { workload } = read
  // Looked up now, so that the document, which is far larger than its images, need not be kept.
  const positions = new Map(
    workload.images.map(({ path }) => [path, nearest(parsePath(path) ?? [], place)]),
  )
  collection.workloads.push(collected(workload, positions))
}

/** A container that names no image is written all the same. */
function nearest(
  path: readonly PathSegment[],
  place: (path: readonly PathSegment[]) => Position | null,
): Position | null {
  if (path.length === 0) return place(path)
  return place(path) ?? nearest(path.slice(0, -1), place)
}

/** A function of its own: a closure made beside those that use the document would keep the document. */
function collected(
  workload: Workload,
  positions: ReadonlyMap<string, Position | null>,
): CollectedWorkload {
  return { workload, positionOf: (path) => positions.get(path) ?? null }
}
