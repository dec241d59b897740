import { LineCounter } from 'yaml'
import type { Document, ErrorCode, YAMLParseError } from 'yaml'
import { printable } from '../text/printable.ts'
import { NestingTooDeep, composeDocuments } from './compose-documents.ts'
import type { DocumentsResult, Position, YamlDocument, YamlError } from './documents.ts'
import { locate } from './locate.ts'
import { splitDocuments } from './split-documents.ts'
import type { Chunk } from './split-documents.ts'
import { splitJsonStream } from './split-json-stream.ts'
import { decodeText } from './decode-text.ts'
import { UnreadableNode, toPlainValue } from './to-plain-value.ts'

/** Bounds of a text that anyone may have written. */
export interface ReadOptions {
  /** UTF-8 bytes of all documents; 16 MiB by default. */
  maxBytes?: number
  /** 10,000 by default. */
  maxDocuments?: number
  /** Scalars, lists and maps of one document, aliases written out; a million by default. */
  maxValues?: number
}

/**
 * Reads a stream of YAML 1.2 documents, or JSON, with the place of everything. Empty documents are left out. Never throws: what cannot be
 * read is in `errors`, and the documents beside it are still there. Lists (`kind: List`) are not expanded.
 */
export function readDocuments(
  input: string | Uint8Array,
  options: ReadOptions = {},
): DocumentsResult {
  const result: DocumentsResult = { documents: [], errors: [] }
  for (const read of streamDocuments(input, options)) {
    if ('message' in read) result.errors.push(read)
    else result.documents.push(read)
  }
  return result
}

/** As readDocuments, one document after the other: a document takes some fifty times the memory of its text. */
export function* streamDocuments(
  input: string | Uint8Array,
  options: ReadOptions = {},
): Generator<YamlDocument | YamlError> {
  const {
    maxBytes = 16 * 1024 * 1024,
    maxDocuments = 10_000,
    maxValues = 1_000_000,
  } = options
  const decoded = decodeText(input, maxBytes)
  if (decoded.status === 'unreadable') {
    yield decoded.error
    return
  }
  let count = 0
  for (const chunk of chunksOf(decoded.text)) {
    if (count >= maxDocuments) {
      const message = `more than ${maxDocuments} documents`
      yield { message, line: chunk.lineOffset + 1, column: chunk.columnOffset + 1 }
      return
    }
    for (const read of readChunk(chunk, maxValues)) {
      count += 1
      yield 'message' in read ? { ...read, ...placeholderOf(chunk) } : read
    }
  }
}

function* chunksOf(text: string): Generator<Chunk> {
  for (const chunk of splitDocuments(text)) yield* splitJsonStream(chunk)
}

function* readChunk(
  chunk: Chunk,
  maxValues: number,
): Generator<YamlDocument | YamlError> {
  const lineCounter = new LineCounter()
  const toPosition = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset)
    return placeIn(chunk, { line: Math.max(line, 1), column: Math.max(col, 1) })
  }
  try {
    for (const document of composeDocuments(chunk.text, lineCounter)) {
      const read = readDocument(document, maxValues, toPosition)
      if (read !== null) yield read
    }
  } catch (error) {
    yield error instanceof NestingTooDeep
      ? { message: error.message, ...toPosition(error.offset) }
      : { message: `the YAML parser failed: ${nameOf(error)}`, ...toPosition(0) }
  }
}

/** The place in all of the text. */
function placeIn(chunk: Chunk, { line, column }: Position): Position {
  return {
    line: chunk.lineOffset + line,
    column: line === 1 ? chunk.columnOffset + column : column,
  }
}

// Within quotes, or further into a text, {{ is no reason why something cannot be read: alerts of Prometheus hold it.
const PLACEHOLDER = /^[ \t]*(?:- +)*(?:[^\s"'#{][^"'{\n]*: +)?(?=\{\{)/m

function placeholderOf(chunk: Chunk): Pick<YamlError, 'placeholder'> {
  const found = PLACEHOLDER.exec(chunk.text)
  if (found === null) return {}
  const line = chunk.text.slice(0, found.index).split('\n').length
  return { placeholder: placeIn(chunk, { line, column: found[0].length + 1 }) }
}

function readDocument(
  document: Document.Parsed,
  maxValues: number,
  toPosition: (offset: number) => Position,
): YamlDocument | YamlError | null {
  const [problem] = document.errors
  if (problem !== undefined) {
    return { message: messageOf(problem), ...toPosition(problem.pos[0]) }
  }
  const { contents } = document
  try {
    const { value, targets } = toPlainValue(contents, maxValues)
    if (contents === null || value === null) return null
    return {
      value,
      ...toPosition(contents.range[0]),
      positionOf: (path, part = 'value') => {
        const offset = locate(contents, targets, path, part)
        return offset === null ? null : toPosition(offset)
      },
    }
  } catch (error) {
    if (!(error instanceof UnreadableNode)) throw error
    return { message: error.message, ...toPosition(error.offset) }
  }
}

// A fault of the library in one document is no reason to lose the rest; its message might quote the text.
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

// Messages of these end with a piece of the text, which may be of a Secret.
const QUOTING: ReadonlySet<ErrorCode> = new Set([
  'BAD_DQ_ESCAPE',
  'BAD_DIRECTIVE',
  'TAG_RESOLVE_FAILED',
  'UNEXPECTED_TOKEN',
])

function messageOf({ code, message }: YAMLParseError): string {
  if (code === 'NON_STRING_KEY') return 'Keys must be strings'
  const quoteless = /(?:: |(?<=escape sequence) ).*$/su
  return printable(QUOTING.has(code) ? message.replace(quoteless, '') : message, 200)
}
