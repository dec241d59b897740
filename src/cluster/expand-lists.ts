import { isFields, type Fields } from '../json/fields.ts'
import type { PathSegment } from '../yaml/path.ts'
import { textOrEmpty } from './lenient-fields.ts'

/** An object of a document, lists opened. */
export interface DocumentPart {
  fields: Fields
  /** Where in the document it stands: empty for the document itself. */
  prefix: PathSegment[]
}

export interface ExpandedDocument {
  objects: DocumentPart[]
  /** Items that are left out, and why. */
  problems: { message: string; path: PathSegment[] }[]
}

/** Lists in lists: deeper ones are no longer looked into. */
const MAX_LIST_DEPTH = 5

/**
 * The objects of one YAML or JSON document: `kind: List` and typed lists (`SecretList`, whose items name neither kind nor
 * apiVersion and get both from the list) are opened. A document that is no object has none.
 */
export function expandLists(document: unknown): ExpandedDocument {
  const expanded: ExpandedDocument = { objects: [], problems: [] }
  if (isFields(document)) {
    expand({ fields: document, prefix: [] }, MAX_LIST_DEPTH, expanded)
  }
  return expanded
}

function expand(part: DocumentPart, depth: number, expanded: ExpandedDocument): void {
  const { fields, prefix } = part
  const kind = textOrEmpty(fields.kind)
  if (!kind.endsWith('List') || !Array.isArray(fields.items) || isOfTexts(part)) {
    expanded.objects.push(part)
    return
  }
  if (depth === 0) {
    const message = `lists in lists are opened ${MAX_LIST_DEPTH} deep: this one was not judged`
    expanded.problems.push({ message, path: prefix })
    return
  }
  const inherited =
    kind === 'List'
      ? {}
      : { apiVersion: fields.apiVersion, kind: kind.slice(0, -'List'.length) }
  for (const [index, item] of fields.items.entries()) {
    const path = [...prefix, 'items', index]
    if (isFields(item)) {
      expand({ fields: { ...inherited, ...item }, prefix: path }, depth - 1, expanded)
    } else {
      const message = `an item of the ${kind} is no object, so it was not judged`
      expanded.problems.push({ message, path })
    }
  }
}

/** An object of its own kind, such as an IPAllowList, rather than a list of objects. */
function isOfTexts({ fields: { kind, items } }: DocumentPart): boolean {
  if (kind === 'List' || !Array.isArray(items) || items.length === 0) return false
  return items.every((item) => typeof item === 'string')
}
