import { LineCounter, parseAllDocuments } from 'yaml'

import { printable } from '../text/printable.ts'

/** Aliases that may be expanded in one document, against "billion laughs". */
const MAX_ALIASES = 100

export type ManifestText =
  | { status: 'read'; documents: unknown[] }
  /** `line` counts from 1. The message never quotes the text, which may be a Secret's. */
  | { status: 'broken'; line: number | null; message: string }

/** The documents of a YAML stream, or of a JSON file, which is YAML as well. One broken document breaks the text. */
export function readManifestText(text: string): ManifestText {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const documents: unknown[] = []
  for (const document of parsed) {
    const [error] = document.errors
    if (error !== undefined) {
      const { line } = lines.linePos(error.pos[0])
      return { status: 'broken', line, message: `not valid YAML (${error.code})` }
    }
    try {
      documents.push(document.toJS({ maxAliasCount: MAX_ALIASES }))
    } catch (failure) {
      // Too many aliases, or one without an anchor: neither message holds a value.
      const message = failure instanceof Error ? printable(failure.message) : 'unreadable'
      const line = document.range === null ? null : lines.linePos(document.range[0]).line
      return { status: 'broken', line, message }
    }
  }
  return { status: 'read', documents }
}
