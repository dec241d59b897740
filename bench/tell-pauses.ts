import { readFileSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import process from 'node:process'

// Given to a server by --import: what held it up between SIGUSR2 and SIGTERM, as JSON in the file that TELL_PAUSES names (Linux).

/** Milliseconds, of one run. */
export interface Pauses {
  /** Of the garbage collector, sorted. */
  collections: number[]
  /** How late a timer of one millisecond was at most, and in one of a hundred turns. */
  late: { p99: number; max: number }
  /** How long its main thread was ready to run and had no processor. */
  waited: number
  /** How long other guests of the host had the processors of this one, over all of them. */
  stolen: number
}

const RESOLUTION_MS = 1
/** USER_HZ of every Linux that Node runs on. */
const TICK_MS = 10

const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
let collections: number[] = []
let before = counters()

/** Man 5 proc: schedstat has nanoseconds on the processor and waiting for it; the eighth number of stat is `steal`. */
function counters(): { waited: number; stolen: number } {
  const [, waitedNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8')
    .split(' ')
    .map(Number)
  const [, ...ticks] =
    readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/ +/) ?? []
  return {
    waited: (waitedNs ?? 0) / 1e6,
    stolen: Number(ticks[7] ?? 0) * TICK_MS,
  }
}

function late(ns: number): number {
  return Math.max(0, ns / 1e6 - RESOLUTION_MS)
}

function pauses(): Pauses {
  const { waited, stolen } = counters()
  return {
    collections: collections.toSorted((left, right) => left - right),
    late: {
      p99: late(loop.percentile(99)),
      max: late(loop.max),
    },
    waited: waited - before.waited,
    stolen: stolen - before.stolen,
  }
}

new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collections.push(duration)
}).observe({ entryTypes: ['gc'] })

process.on('SIGUSR2', () => {
  collections = []
  before = counters()
  loop.reset()
  loop.enable()
})
process.on('SIGTERM', () => {
  writeFileSync(process.env.TELL_PAUSES ?? '', JSON.stringify(pauses()))
  process.exit()
})
