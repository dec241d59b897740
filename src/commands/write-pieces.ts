import type { Writable } from 'node:stream'

/** One write for a chunk of this many characters rather than one for each piece. */
const CHUNK_LENGTH = 64 * 1024

/** The same text in fewer pieces. */
export function* inChunks(pieces: Iterable<string>): Generator<string> {
  let chunk = ''
  for (const piece of pieces) {
    chunk += piece
    if (chunk.length < CHUNK_LENGTH) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

/** Writes no faster than the reader takes it, and stops where the reader has gone: nobody wants the rest. */
export async function writePieces(
  pieces: Iterable<string>,
  stream: Writable,
): Promise<void> {
  for (const chunk of inChunks(pieces)) {
    if (!stream.writable) return
    if (!stream.write(chunk)) await drained(stream)
  }
}

const ENDS_THE_WAIT = ['drain', 'error', 'close'] as const

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const name of ENDS_THE_WAIT) stream.off(name, done)
      resolve()
    }
    for (const name of ENDS_THE_WAIT) stream.on(name, done)
  })
}
