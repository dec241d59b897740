import { LineCounter } from 'yaml'
import type { Document, ErrorCode, YAMLParseError } from 'yaml'
import { printable } from '../text/printable.ts'
import { NestingTooDeep, composeDocuments } from './compose-documents.ts'
import type { DocumentsResult, Position, YamlDocument, YamlError } from './documents.ts'
import { locate } from './locate.ts'
import { findPlaceholder } from './placeholder.ts'
import { splitDocuments } from './split-documents.ts'
import type { Chunk } from './split-documents.ts'
import { splitJsonStream } from './split-json-stream.ts'
import { decodeText } from './decode-text.ts'
import { UnreadableNode, toPlainValue } from './to-plain-value.ts'
import type { ConversionOptions, PlainDocument } from './to-plain-value.ts'

/** Bounds of a text that anyone may have written. */
export interface ReadOptions {
  /** UTF-8 bytes of all documents; 16 MiB by default. */
  maxBytes?: number
  /** 10,000 by default. */
  maxDocuments?: number
  /** Scalars, lists and maps of one document, aliases written out; a million by default. */
  maxValues?: number
  /** With `last-counts`, a repeated key is an error before the document, which is there all the same. Refused by default. */
  repeatedKeys?: ConversionOptions['repeatedKeys']
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
    repeatedKeys = 'refused',
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
    for (const read of readChunk(chunk, { maxValues, repeatedKeys })) {
      count += 1
      yield read
    }
  }
}

function* chunksOf(text: string): Generator<Chunk> {
  for (const chunk of splitDocuments(text)) yield* splitJsonStream(chunk)
}

/** Errors of one document that are looked at, to find a reason. */
const MAX_ERRORS = 100

/** How the documents of one chunk are read. */
interface Reading extends ConversionOptions {
  toPosition: (offset: number) => Position
  /** Of a document that is lost, with the reason where that is a template; `offsets` of all errors, the first one first. */
  failure: (message: string, ...offsets: [number, ...number[]]) => YamlError
}

function* readChunk(
  chunk: Chunk,
  options: ConversionOptions,
): Generator<YamlDocument | YamlError> {
  const lineCounter = new LineCounter()
  const toPosition = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset)
    return placeIn(chunk, { line: Math.max(line, 1), column: Math.max(col, 1) })
  }
  const failure: Reading['failure'] = (message, ...offsets) => ({
    message,
    ...toPosition(offsets[0]),
    ...placeholderOf(chunk, offsets),
  })
  try {
    for (const document of composeDocuments(chunk.text, lineCounter)) {
      yield* readDocument(document, { ...options, toPosition, failure })
    }
  } catch (error) {
    yield error instanceof NestingTooDeep
      ? failure(error.message, error.offset)
      : failure(`the YAML parser failed: ${nameOf(error)}`, 0)
  }
}

/** The place in all of the text. */
function placeIn(chunk: Chunk, { line, column }: Position): Position {
  return {
    line: chunk.lineOffset + line,
    column: line === 1 ? chunk.columnOffset + column : column,
  }
}

function placeholderOf(
  chunk: Chunk,
  errors: readonly number[],
): Pick<YamlError, 'placeholder'> {
  const found = findPlaceholder(chunk.text, errors)
  if (found === null) return {}
  const lines = chunk.text.slice(0, found.offset).split('\n')
  const place = { line: lines.length, column: (lines.at(-1) ?? '').length + 1 }
  return { placeholder: { ...placeIn(chunk, place), syntax: found.syntax } }
}

function* readDocument(
  document: Document.Parsed,
  reading: Reading,
): Generator<YamlDocument | YamlError> {
  const { toPosition, failure } = reading
  const [problem, ...others] = document.errors
  if (problem !== undefined) {
    const offsets = others.slice(0, MAX_ERRORS).map(({ pos }) => pos[0])
    yield failure(messageOf(problem), problem.pos[0], ...offsets)
    return
  }
  const { contents } = document
  const plain = plainOrReason(contents, reading)
  if (plain instanceof UnreadableNode) {
    yield failure(plain.message, plain.offset)
    return
  }
  const { value, targets, repeated } = plain
  for (const { message, offset } of repeated) yield { message, ...toPosition(offset) }
  if (contents === null || value === null) return
  yield {
    value,
    ...toPosition(contents.range[0]),
    positionOf: (path, part = 'value') => {
      const offset = locate(contents, targets, path, part)
      return offset === null ? null : toPosition(offset)
    },
  }
}

function plainOrReason(
  contents: Document.Parsed['contents'],
  options: ConversionOptions,
): PlainDocument | UnreadableNode {
  try {
    return toPlainValue(contents, options)
  } catch (error) {
    if (error instanceof UnreadableNode) return error
    throw error
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
