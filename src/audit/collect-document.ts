import { expandLists } from '../cluster/expand-lists.ts'
import type { DocumentPart } from '../cluster/expand-lists.ts'
import { namedObject } from '../cluster/kubernetes-object.ts'
import { isStoredKind } from '../cluster/object-store.ts'
import { isFields } from '../json/fields.ts'
import type { Fields } from '../json/fields.ts'
import { readWorkload } from '../workload/read-workload.ts'
import type { Workload } from '../workload/workload.ts'
import type { YamlDocument } from '../yaml/documents.ts'
import { parsePath } from '../yaml/path.ts'
import type { PathSegment } from '../yaml/path.ts'
import type { Position } from './audit-result.ts'
import type {
  CollectOptions,
  CollectedWorkload,
  Collection,
} from './collect-manifests.ts'
import { unknownKind } from './unknown-kinds.ts'

/** Where something of a document, or of an object in it, is written. */
type Place = (path: readonly PathSegment[]) => Position | null

/** Collects the objects of one document; answers whether it holds any. */
export function collectDocument(
  { file, document, isNamed }: { file: string; document: YamlDocument; isNamed: boolean },
  options: CollectOptions,
  collection: Collection,
): boolean {
  const { value } = document
  const place: Place = (path) => {
    const found = document.positionOf(path)
    return found === null ? null : { file, ...found }
  }
  if (!isFields(value)) {
    const message = 'this document is no object, so nothing of it was judged'
    if (isNamed) collection.problems.push({ message, position: place([]) })
    return false
  }
  const { objects, problems } = expandLists(value)
  for (const { message, path } of problems) {
    collection.problems.push({ message, position: nearest(place, path) })
  }
  for (const part of objects) {
    const placeIn: Place = (path) => place([...part.prefix, ...path])
    collectObject({ ...part, place: placeIn }, options, collection)
  }
  return isObject(value) || objects.some(({ fields }) => isObject(fields))
}

function isObject(fields: Fields): boolean {
  return 'kind' in fields && 'apiVersion' in fields
}

function collectObject(
  part: DocumentPart & { place: Place },
  { rules, namespace }: CollectOptions,
  collection: Collection,
): void {
  const { fields, place } = part
  const object = namedObject(fields, namespace)
  if (object !== null && isStoredKind(object.kind)) collection.objects.push(object)
  if (!isObject(fields)) {
    const message = whatIsMissing(part)
    if (message !== null) collection.problems.push({ message, position: place([]) })
    return
  }
  const read = readWorkload(fields, rules, { namespace, stage: 'manifest' })
  if (read.status === 'malformed') {
    // The API server takes nothing of an object with a wrong type, so one problem is enough.
    const message = `${read.reason}, so no image of this object was judged`
    const position = nearest(place, parsePath(read.path) ?? [])
    collection.problems.push({ message, position })
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
    workload.images.map(({ path }) => [path, nearest(place, parsePath(path) ?? [])]),
  )
  collection.workloads.push(collected(workload, positions))
}

/** Null for files of other kinds, such as values.yaml and CI configuration: they are no problem, and no objects. */
function whatIsMissing({ fields, prefix }: DocumentPart): string | null {
  const missing = ['apiVersion', 'kind'].filter((field) => !(field in fields))
  const isMeant = isFields(fields.metadata) && missing.length === 1
  if (!isMeant && prefix.length === 0) return null
  return `this object has no ${missing.join(' and no ')}, so it was not judged`
}

/** The place of a field, or of what it should be in: a container that names no image is written all the same. */
function nearest(place: Place, path: readonly PathSegment[]): Position | null {
  const found = place(path)
  return found === null && path.length > 0 ? nearest(place, path.slice(0, -1)) : found
}

/** A function of its own: a closure made beside those that use the document would keep the document. */
function collected(
  workload: Workload,
  positions: ReadonlyMap<string, Position | null>,
): CollectedWorkload {
  return { workload, positionOf: (path) => positions.get(path) ?? null }
}
