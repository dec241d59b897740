import { constants, createReadStream, open as openFile } from 'node:fs'
import { stat } from 'node:fs/promises'
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
