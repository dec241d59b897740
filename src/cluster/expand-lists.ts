import { isFields, type Fields } from '../json/fields.ts'
import type { PathSegment } from '../yaml/path.ts'
import { textOrEmpty } from './lenient-fields.ts'

/** An object of a document, lists opened. */
export interface DocumentPart {
  fields: Fields
  /** Where in the document it stands: empty for the document itself. */
  prefix: PathSegment[]
}

/** Lists in lists: deeper ones are no longer looked into. */
const MAX_LIST_DEPTH = 5

/**
 * The objects of one YAML or JSON document: `kind: List` and typed lists (`SecretList`, whose items name neither kind nor
 * apiVersion and get both from the list) are opened. What is no object is left out.
 */
export function expandLists(document: unknown): DocumentPart[] {
  return isFields(document)
    ? expand({ fields: document, prefix: [] }, MAX_LIST_DEPTH)
    : []
}

function expand({ fields, prefix }: DocumentPart, depth: number): DocumentPart[] {
  const kind = textOrEmpty(fields.kind)
  if (!kind.endsWith('List') || !Array.isArray(fields.items)) return [{ fields, prefix }]
  if (depth === 0) return []
  const inherited =
    kind === 'List'
      ? {}
      : { apiVersion: fields.apiVersion, kind: kind.slice(0, -'List'.length) }
  return fields.items.flatMap((item: unknown, index) => {
    if (!isFields(item)) return []
    const part = {
      fields: { ...inherited, ...item },
      prefix: [...prefix, 'items', index],
    }
    return expand(part, depth - 1)
  })
}
