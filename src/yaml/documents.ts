import type { PathSegment } from './path.ts'
import type { PlaceholderSyntax } from './placeholder.ts'

/** Both count from 1; columns in UTF-16 units. */
export interface Position {
  line: number
  column: number
}

/** One document with something in it. */
export interface YamlDocument extends Position {
  /** Plain data: objects, arrays, strings, numbers, booleans and null. Aliases share one value; there are no cycles. */
  value: unknown
  /**
   * Where a place of the value was written: a scalar's own place, or the key of a map or list; with `key`, always the key.
   * What a merge key `<<` brought is at the merge key. null for what is not there.
   */
  positionOf: (path: readonly PathSegment[], part?: 'key' | 'value') => Position | null
}

/** Why a document, or all of the text, could not be read. The message quotes nothing of the values: they may be Secrets. */
export interface YamlError extends Position {
  message: string
  /** Where the document holds a placeholder that YAML cannot read, as a template of Helm does. */
  placeholder?: Position & { syntax: PlaceholderSyntax }
}

/** Both in the order of the text; one bad document does not hide the others. */
export interface DocumentsResult {
  documents: YamlDocument[]
  errors: YamlError[]
}
