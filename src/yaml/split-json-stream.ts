import { MAX_DEPTH } from './compose-documents.ts'
import { countLines } from './split-documents.ts'
import type { Chunk } from './split-documents.ts'

/**
 * Cuts a chunk that begins with a JSON object into its top-level values, as kubectl reads it: `jq -c` and `kubectl get -o json` in
 * a loop print one object after the other. Any other chunk stays whole. Each character is looked at a fixed number of times,
 * so once an object has no end, those after it are found by their lines alone.
 */
export function* splitJsonStream(chunk: Chunk): Generator<Chunk> {
  const { text } = chunk
  if (!startsWithObject(text)) {
    yield chunk
    return
  }
  let { lineOffset, columnOffset } = chunk
  let isBroken = false
  let start = 0
  let value = text.indexOf('{')
  while (start < text.length) {
    const isObject = text.charAt(value) === '{'
    const end: number | null = isBroken || !isObject ? null : endOfObject(text, value)
    isBroken ||= isObject && end === null
    const next: number =
      end === null ? nextObjectLine(text, value, isObject) : nextValue(text, end)
    const piece = text.slice(start, next)
    yield { text: piece, lineOffset, columnOffset }
    const lastLine = piece.lastIndexOf('\n')
    lineOffset += countLines(piece)
    columnOffset =
      lastLine === -1 ? columnOffset + next - start : next - start - lastLine - 1
    start = next
    value = next
  }
}

/** A key or an empty object has to follow: `{{` and `{%` begin templates, and `{a: 1}` is YAML. */
function startsWithObject(text: string): boolean {
  const marker = /^---(?=\s)/.test(text) ? 3 : 0
  const at = skipBlanks(text, marker)
  return text.charAt(at) === '{' && isObjectStart(text, at)
}

function isObjectStart(text: string, at: number): boolean {
  const first = text.charAt(skipBlanks(text, at + 1))
  return first === '"' || first === '}'
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at += 1
  return at
}

/** The offset behind an object; null when it is no JSON, as with a bracket too few or a comment. */
function endOfObject(text: string, from: number): number | null {
  const open: string[] = []
  for (let at = from; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '"') {
      at = endOfString(text, at)
      if (at === -1) return null
    } else if (char === '{' || char === '[') {
      if (open.push(char === '{' ? '}' : ']') > MAX_DEPTH) return null
    } else if (char === '}' || char === ']') {
      if (open.pop() !== char) return null
      if (open.length === 0) return at + 1
    } else if (char === "'" || char === '#') return null
  }
  return null
}

/** The offset of the closing quote; -1 where the line ends first, which no JSON allows. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '"') return at
    if (char === '\n') return -1
    if (char === '\\') at += 1
  }
  return -1
}

/** What stands behind an object is a value of its own, but for what YAML allows there: a comment, `...`, or the colon of a key. */
function nextValue(text: string, end: number): number {
  const at = skipBlanks(text, end)
  return '#.:'.includes(text.charAt(at) || ' ') ? nextObjectLine(text, at, false) : at
}

/** The next line that begins with an object. In a list or behind a key it may belong to the object before that is still open. */
function nextObjectLine(text: string, from: number, mayBeOpen: boolean): number {
  let at = text.indexOf('\n{', from)
  while (at !== -1) {
    const isInside = mayBeOpen && ',[:'.includes(lastBefore(text, at, from))
    if (!isInside && isObjectStart(text, at + 1)) return at + 1
    at = text.indexOf('\n{', at + 1)
  }
  return text.length
}

/** The last character before an offset that is no blank. */
function lastBefore(text: string, offset: number, from: number): string {
  let at = offset - 1
  while (at > from && ' \t\r\n'.includes(text.charAt(at))) at -= 1
  return text.charAt(at)
}
