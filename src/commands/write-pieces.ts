import { open, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { errorCode } from '../text/error-code.ts'
import { openToWrite } from './pipes.ts'

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

/** UTF-8 takes three bytes at most for a unit of UTF-16. */
const MAX_BYTES = 3 * CHUNK_LENGTH

/** Writes a file, or into a named pipe as soon as somebody reads from it; the signal ends that wait. Rejects where it cannot be written. */
export async function writePiecesTo(
  path: string,
  pieces: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const isPipe = await stat(path).then(
    (found) => found.isFIFO(),
    () => false,
  )
  await (isPipe ? writePipe(path, pieces, signal) : writeRegular(path, pieces))
}

async function writePipe(
  path: string,
  pieces: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const stream = await openToWrite(path, signal)
  const over = finished(stream).catch((error: unknown) => {
    if (errorCode(error) !== 'EPIPE') throw error
  })
  await writePieces(pieces, stream)
  stream.end()
  await over
}

/** Through one buffer: those that writeFile makes of ten megabytes of text are only collected once all is written. */
async function writeRegular(path: string, pieces: Iterable<string>): Promise<void> {
  const file = await open(path, 'w')
  try {
    const buffer = Buffer.allocUnsafe(MAX_BYTES)
    for (const chunk of inChunks(pieces)) {
      for (const part of slices(chunk)) {
        const bytes = buffer.write(part)
        for (let done = 0; done < bytes;) {
          const { bytesWritten } = await file.write(buffer, done, bytes - done)
          done += bytesWritten
        }
      }
    }
  } finally {
    await file.close()
  }
}

/** Parts that fit into the buffer; none ends within a character. */
function* slices(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = start + CHUNK_LENGTH
    const isSplit = end < text.length && (text.codePointAt(end - 1) ?? 0) > 0xffff
    const next = isSplit ? end - 1 : end
    yield text.slice(start, next)
    start = next
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
