import { constants, createReadStream, open as openFile } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { ReadStream, isatty } from 'node:tty'
import { promisify } from 'node:util'
import { errorCode } from '../text/error-code.ts'

// Opened without waiting for the other end: a thread that waits in open() or read() would outlive Ctrl-C, and keep the process.

const open = promisify(openFile)
const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/** A named pipe, a terminal or another device, to be read. Who writes may come later. */
export async function openToRead(path: string): Promise<Readable> {
  const [found, fd] = [await stat(path), await open(path, O_RDONLY | O_NONBLOCK)]
  if (found.isFIFO()) return new Socket({ fd, readable: true, writable: false })
  return isatty(fd) ? new ReadStream(fd) : createReadStream('', { fd })
}

/** Of a file that the command line names, where it is a pipe: a report of the largest cluster is smaller. */
const MAX_NAMED_BYTES = 256 * 1024 * 1024

/** A file that the command line names, whatever it is. Rejects when the signal fires while nobody writes into a pipe. */
export async function readNamedFile(path: string, signal: AbortSignal): Promise<Buffer> {
  const found = await stat(path)
  if (found.isFile() || found.isDirectory()) return readFile(path)
  const content = await readBounded(await openToRead(path), MAX_NAMED_BYTES, signal)
  if (content === null)
    throw Object.assign(new Error('it is too large'), { code: 'EFBIG' })
  return content
}

/** All of a stream; null where it is more. Rejects when the signal fires first. */
export async function readBounded(
  stream: Readable,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer | null> {
  const stop = (): void => void stream.destroy(new Error('interrupted'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      const piece = Buffer.from(chunk)
      bytes += piece.length
      if (bytes > maxBytes) return null
      chunks.push(piece)
    }
    return Buffer.concat(chunks)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const READER_INTERVAL_MS = 50

/** A named pipe to be written, once somebody reads from it; rejects with ENXIO when nobody came before the signal. */
export async function openToWrite(path: string, signal: AbortSignal): Promise<Writable> {
  for (;;) {
    try {
      const fd = await open(path, O_WRONLY | O_NONBLOCK)
      return new Socket({ fd, readable: false, writable: true })
    } catch (error) {
      if (errorCode(error) !== 'ENXIO' || signal.aborted) throw error
    }
    await wait(READER_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}
