import { setTimeout as sleep } from 'node:timers/promises'
import { reviewClient } from '../support/webhook.ts'
import type { Lane } from './lane.ts'
import { apiServer } from './api-server.ts'
import type { Form, Subject } from './subject.ts'
import { reviewOf } from './subject.ts'
import { countAnswer, countLost, newTally } from './tally.ts'
import type { Sent, Tally } from './tally.ts'

export interface LoadOptions {
  url: string
  /** PEM of the authorities that the API server would have as caBundle. */
  ca: string
  perSecond: number
  lanes: readonly Lane[]
}

export interface Load {
  tally: Tally
  /** Resolves when everything that was sent has been answered or lost. */
  stop(): Promise<void>
}

const MAX_BEHIND_MS = 500

/** Reviews at a steady pace over kept connections, whether or not those before are answered: of each lane in turn, of each of its subjects. */
export function startLoad(options: LoadOptions): Load {
  const client = reviewClient(options.url, options.ca, apiServer)
  const tally = newTally()
  const life = new AbortController()
  const underWay = new Set<Promise<void>>()
  const subjects = interleaved(options.lanes)

  async function send({ subject, lane, form }: Next): Promise<void> {
    const { fault } = lane
    const isComparable = form === 'pod' || lane.isYoung !== true
    const startedMs = performance.now()
    const sent = (): Sent => {
      return { subject, fault, isComparable, tookMs: performance.now() - startedMs }
    }
    tally.sent += 1
    try {
      const verdict = await client.review(reviewOf(subject, form))
      countAnswer(tally, sent(), verdict)
    } catch (error) {
      countLost(tally, sent(), error)
    }
  }

  async function pace(): Promise<void> {
    const everyMs = 1000 / options.perSecond
    for (let dueMs = performance.now(); !life.signal.aborted; dueMs += everyMs) {
      const waitMs = dueMs - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      // Time that this process did not get is not made up for at once.
      else if (waitMs < -MAX_BEHIND_MS) dueMs = performance.now()
      const sending = send(subjects()).finally(() => underWay.delete(sending))
      underWay.add(sending)
    }
  }

  const pacing = pace()
  return {
    tally,
    async stop() {
      life.abort()
      await pacing
      await Promise.all(underWay)
      await client.close()
    },
  }
}

interface Next {
  subject: Subject
  lane: Lane
  form: Form
}

function interleaved(lanes: readonly Lane[]): () => Next {
  let turn = 0
  return () => {
    const lane = lanes[turn % lanes.length]
    const round = Math.floor(turn / lanes.length)
    const count = lane?.subjects.length ?? 0
    const subject = lane?.subjects[round % count]
    turn += 1
    if (lane === undefined || subject === undefined) throw new Error('no subjects')
    // Each subject is a Pod and a Deployment in turn.
    const form = Math.floor(round / count) % 2 === 0 ? 'pod' : 'deployment'
    return { subject, lane, form }
  }
}
