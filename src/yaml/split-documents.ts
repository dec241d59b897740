/** A piece of a stream, with one document as a rule. */
export interface Chunk {
  text: string
  /** Lines before it. */
  lineOffset: number
  /** Characters before it in its first line. */
  columnOffset: number
}

/**
 * Cuts a stream before every line that starts with `---`. No scalar may hold such a line (YAML 1.2, 9.1.2 c-forbidden), and kubectl
 * cuts there too, so an unclosed quote or bracket spoils one document only. Directives stay with the document they speak of.
 */
export function* splitDocuments(text: string): Generator<Chunk> {
  let start = 0
  let lineOffset = 0
  let next = 0
  while (next < text.length) {
    next = nextMarker(text, next)
    const chunk = text.slice(start, next)
    if (next < text.length && holdsOnlyDirectives(chunk)) continue
    yield { text: chunk, lineOffset, columnOffset: 0 }
    lineOffset += countLines(chunk)
    start = next
  }
}

/** The offset of the next line with a marker after `from`, or the end. */
function nextMarker(text: string, from: number): number {
  let at = text.indexOf('\n---', from)
  while (at !== -1) {
    const after = text.charAt(at + 4)
    if (after === '' || ' \t\r\n'.includes(after)) return at + 1
    at = text.indexOf('\n---', at + 4)
  }
  return text.length
}

function holdsOnlyDirectives(chunk: string): boolean {
  if (!chunk.startsWith('%') && !chunk.includes('\n%')) return false
  return chunk.split('\n').every((line) => /^(?:[%#]|\s*$)/.test(line))
}

/** How many lines end in a text. */
export function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1
  return lines
}
