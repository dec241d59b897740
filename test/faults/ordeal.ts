import { setTimeout as sleep } from 'node:timers/promises'
import { reviewClient } from '../support/webhook.ts'
import { apiServer } from './api-server.ts'
import { runLane, untilFullyJudged } from './lane.ts'
import type { Lane } from './lane.ts'
import { startLoad } from './load.ts'
import type { Outcome } from './outcome.ts'
import type { Served } from './served.ts'
import { vitalsOf, watchVitals } from './vitals.ts'
import type { Vitals } from './vitals.ts'

export interface OrdealOptions {
  name: string
  served: Served
  ca: string
  perSecond: number
  /** Side by side. */
  lanes: readonly Lane[]
  say: (line: string) => void
}

const HOLD_MS = 5_000
/** Enough for every subject to be warm, and for the heap to have been cleared once. */
const WARM_UP_MS = 8_000
/** Idle connections to registries are kept for half a minute. */
const SETTLE_MS = 60_000

/** More than chance: connections come and go under load, and a heap breathes. */
export const MARGIN = { descriptors: 40, rssMib: 150 } as const

/** Once through everything, one by one: what is slow in the first reviews of a process is no matter of faults. */
export async function warmUp({ name, served, ca, lanes }: OrdealOptions): Promise<void> {
  const client = reviewClient(served.url, ca, apiServer)
  try {
    const left = await untilFullyJudged(
      lanes.flatMap(({ subjects }) => subjects),
      client,
    )
    if (left.length > 0) throw new Error(`${name} does not work: ${left.join('; ')}`)
  } finally {
    await client.close()
  }
}

/** A server under steady load, through all faults of its lanes. */
export async function endure(options: OrdealOptions): Promise<Outcome> {
  const { name, served, ca, perSecond, lanes } = options
  const { url } = served
  const startedMs = performance.now()
  const load = startLoad({ url, ca, perSecond, lanes })
  await sleep(WARM_UP_MS)
  const before = await vitalsOf(served)
  const watch = watchVitals(served, 500)
  const lanesRun = await Promise.all(
    lanes.map((lane) => runLane(lane, { url, ca, holdMs: HOLD_MS, say: options.say })),
  )
  const after = served.exitCode() === null ? await settled(served, before) : before
  watch.stop()
  await load.stop()
  return {
    server: name,
    injected: lanesRun.flat(),
    tally: load.tally,
    seconds: (performance.now() - startedMs) / 1000,
    vitals: { before, peak: greatest(watch.peak, after), after },
    exitCode: served.exitCode(),
  }
}

function greatest(peak: Vitals, after: Vitals): Vitals {
  return {
    rssMib: Math.max(peak.rssMib, after.rssMib),
    descriptors: Math.max(peak.descriptors, after.descriptors),
    callers: Math.max(peak.callers, after.callers),
  }
}

/** As it is once it is back near where it was, or when the time is up. */
async function settled(served: Served, before: Vitals): Promise<Vitals> {
  const late = AbortSignal.timeout(SETTLE_MS)
  while (true) {
    const now = await vitalsOf(served)
    const isBack =
      now.descriptors <= before.descriptors + MARGIN.descriptors &&
      now.rssMib <= before.rssMib + MARGIN.rssMib
    if (isBack || late.aborted) return now
    await sleep(500)
  }
}
