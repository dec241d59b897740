import { appendFile, readFile, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { podReview } from '../support/admission-reviews.ts'
import { reviewClient } from '../support/webhook.ts'
import { apiServer } from './api-server.ts'
import type { Lane } from './lane.ts'
import { NAMESPACE } from './subject.ts'
import type { Subject } from './subject.ts'

/** What the server says with its first line after lines that it could not write. */
const LOST = 'log lines could not be written'
const BURST = 300
const IMAGES = 20

export interface LogLaneOptions {
  url: string
  ca: string
  subjects: readonly Subject[]
}

/** Folder of the disk, as the process sees it; `disk` is the same from outside. */
export const LOG_FOLDER = '/mnt'

export function fullDiskLane({ url, ca, subjects }: LogLaneOptions, disk: string): Lane {
  const filler = `${disk}/filler`
  const log = (): Promise<string> => readFile(`${disk}/log`, 'utf8')
  return {
    name: 'log',
    subjects,
    fault: null,
    faults: [
      {
        name: 'the disk of the log is full',
        silent: true,
        async inject() {
          // Until there is no room for another page.
          while (await appended(filler, Buffer.alloc(4096)));
          await burst(url, ca)
        },
        heal: () => rm(filler),
        recovered: async () => (await log()).includes(LOST),
      },
    ],
  }
}

export function unreadLogLane(
  { url, ca, subjects }: LogLaneOptions,
  log: Readable,
): Lane {
  let text = ''
  log.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-100_000)
  })
  return {
    name: 'log',
    subjects,
    fault: null,
    faults: [
      {
        name: 'nobody reads the log',
        silent: true,
        async inject() {
          log.pause()
          await burst(url, ca)
        },
        heal: () => log.resume(),
        recovered: async () => text.includes(LOST),
      },
    ],
  }
}

/** More log than a pipe and the server hold: long names that no registry is asked for, in reviews that are not under test. */
async function burst(url: string, ca: string): Promise<void> {
  const client = reviewClient(url, ca, apiServer)
  const images = Array.from({ length: IMAGES }, (_, at) => `Long/${at}${'x'.repeat(280)}`)
  try {
    for (let sent = 0; sent < BURST; sent++)
      await client.review(podReview({ namespace: NAMESPACE, images }))
  } finally {
    await client.close()
  }
}

async function appended(file: string, bytes: Buffer): Promise<boolean> {
  return appendFile(file, bytes).then(
    () => true,
    () => false,
  )
}
