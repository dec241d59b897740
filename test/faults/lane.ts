import { setTimeout as sleep } from 'node:timers/promises'
import { reviewClient } from '../support/webhook.ts'
import type { ReviewClient } from '../support/webhook.ts'
import { apiServer } from './api-server.ts'
import { isFullyJudged, reviewOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** One thing that goes wrong, and how it is mended. */
export interface Fault {
  name: string
  inject(): unknown
  heal(): unknown
  /** Takes nothing away from verdicts, so none of them shows that it was there. */
  silent?: boolean
  /** Default: as long as the others. */
  holdMs?: number | undefined
  /** What has to be the case again beside full judgements. */
  recovered?: () => Promise<boolean>
}

/** Faults of one part, one after the other, and what is applied meanwhile that depends on it. Lanes run side by side. */
export interface Lane {
  name: string
  subjects: readonly Subject[]
  faults: readonly Fault[]
  /** The one at the moment; null in health. */
  fault: string | null
  /** The Namespace is so young that templates are judged more softly in health too. */
  isYoung?: boolean
}

export interface LaneOptions {
  url: string
  ca: string
  /** How long a fault lasts. */
  holdMs: number
  say: (line: string) => void
}

/** How one fault went. */
export interface Injected {
  lane: string
  fault: string
  silent: boolean
  /** From the end of the fault until everything was judged fully again; null: it was not. */
  recoveredMs: number | null
  /** What was not judged fully at the end of the waiting. */
  left: string[]
}

/** An origin that was down is asked again after ten seconds, and the resolver of the C library gives a dead server up after as many. */
const RECOVERY_MS = 60_000
const PROBE_MS = 250

/** Injects each fault of a lane for a while, and waits until the server has come back from it by itself. */
export async function runLane(lane: Lane, options: LaneOptions): Promise<Injected[]> {
  const client = reviewClient(options.url, options.ca, apiServer)
  const injected: Injected[] = []
  try {
    for (const fault of lane.faults) {
      const { name, silent = false, holdMs = options.holdMs } = fault
      await fault.inject()
      lane.fault = name
      await sleep(holdMs)
      await fault.heal()
      const healedMs = performance.now()
      const left = await untilFullyJudged(lane.subjects, client, () => stillFelt(fault))
      lane.fault = null
      const recoveredMs = left.length > 0 ? null : performance.now() - healedMs
      injected.push({ lane: lane.name, fault: name, silent, recoveredMs, left })
      options.say(`${lane.name}: ${name}: ${toldOf(recoveredMs)}`)
      // What comes next would be blamed for it.
      if (left.length > 0) break
    }
  } finally {
    await client.close()
  }
  return injected
}

async function stillFelt({ name, recovered }: Fault): Promise<string[]> {
  return recovered === undefined || (await recovered()) ? [] : [`${name}: still felt`]
}

function toldOf(recoveredMs: number | null): string {
  if (recoveredMs === null) return 'NOT over'
  return `over after ${(recoveredMs / 1000).toFixed(1)} s`
}

/** Resolves with what is still not judged as in health, or with what `also` names, when the time is up. */
export async function untilFullyJudged(
  subjects: readonly Subject[],
  client: Pick<ReviewClient, 'review'>,
  also: () => Promise<string[]> = async () => [],
): Promise<string[]> {
  const late = AbortSignal.timeout(RECOVERY_MS)
  while (true) {
    const left = [...(await notFullyJudged(subjects, client)), ...(await also())]
    if (left.length === 0 || late.aborted) return left
    await sleep(PROBE_MS)
  }
}

/** Pods: a template may be judged more softly for reasons of its own. */
async function notFullyJudged(
  subjects: readonly Subject[],
  client: Pick<ReviewClient, 'review'>,
): Promise<string[]> {
  const left = subjects.map(async (subject) => {
    try {
      const verdict = await client.review(reviewOf(subject, 'pod'))
      if (isFullyJudged(subject, verdict)) return []
      const { action, message, warnings } = verdict
      return [`${subject.name}: ${action} ${message}${warnings.join(' ')}`]
    } catch (error) {
      return [`${subject.name}: ${String(error)}`]
    }
  })
  return (await Promise.all(left)).flat()
}
