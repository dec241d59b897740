import type { YamlError } from './documents.ts'

export type DecodedText =
  { status: 'text'; text: string } | { status: 'unreadable'; error: YamlError }

/** Text without its byte order mark, or why it is none: too large, binary, UTF-16 or not UTF-8 at all. */
export function decodeText(input: string | Uint8Array, maxBytes: number): DecodedText {
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength
  if (bytes > maxBytes) {
    return unreadable(`${bytes} bytes are more than the ${maxBytes} that are read`)
  }
  if (typeof input === 'string') return checkText(input)
  if (isUtf16(input)) return unreadable('this is UTF-16: save it as UTF-8')
  try {
    return checkText(new TextDecoder('utf-8', { fatal: true }).decode(input))
  } catch {
    return unreadable('this is not UTF-8', lineOfInvalidUtf8(input))
  }
}

function checkText(text: string): DecodedText {
  const nul = text.indexOf('\0')
  if (nul !== -1) {
    const line = text.slice(0, nul).split('\n').length
    return unreadable('this is binary, not YAML: it holds a NUL', line)
  }
  return { status: 'text', text: text.startsWith('\ufeff') ? text.slice(1) : text }
}

function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}

/** The first line that does not decode; lines are never cut inside a character, since no part of one is a line feed. */
function lineOfInvalidUtf8(bytes: Uint8Array): number {
  const lenient = new TextDecoder('utf-8').decode(bytes)
  const before = lenient.slice(0, Math.max(lenient.indexOf('\ufffd'), 0))
  return before.split('\n').length
}

function unreadable(message: string, line = 1): DecodedText {
  return { status: 'unreadable', error: { message, line, column: 1 } }
}
