import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { median, met } from '../page.ts'
import type { Page } from '../page.ts'
import type { Seen } from '../load.ts'
import type { Served } from '../processes.ts'
import type { Pauses } from '../tell-pauses.ts'
import type { Mapped, World } from '../world.ts'
import { imagesOf } from './throughput.ts'
import type { Warm } from './throughput.ts'

const RUNS = 5
/** Long enough that a p99 is no matter of a dozen requests, and that collections of the old generation fall into each run. */
const RUN_SECONDS = 10
const WARM_UP_SECONDS = 10
const WATCHED_SECONDS = 20
const TELL_PAUSES = fileURLToPath(new URL('../tell-pauses.ts', import.meta.url))

/** b: at half of the saturating rate, which is still more than a cluster at work sends. */
export async function latency(
  page: Page,
  world: World,
  { quick, webhook, bare, saturating }: Warm,
): Promise<boolean> {
  const perSecond = Math.max(10, Math.floor(saturating / 2))
  page.say(`## Warm latency at ${perSecond} a second, half of the saturating rate (b)`)
  page.say()
  const table = page.table(['', 'p50', 'p99', 'p99 of each run', 'Client late by'])
  const p99 = new Map<Served, number>()
  const rows = new Map<Served, Seen[]>()
  for (let run = 0; run < RUNS; run++) {
    for (const server of [bare, webhook]) {
      const seen = await world.load(server, imagesOf(1), {
        perSecond,
        seconds: RUN_SECONDS,
      })
      rows.set(server, [...(rows.get(server) ?? []), seen])
    }
  }
  for (const [server, runs] of rows) {
    const p99Ms = runs.map((run) => run.p99Ms)
    p99.set(server, median(p99Ms))
    table.row(
      server === bare ? 'bare server' : 'Pullgate',
      `${median(runs.map((run) => run.p50Ms)).toFixed(2)} ms`,
      `${median(p99Ms).toFixed(2)} ms`,
      p99Ms.map((each) => each.toFixed(1)).join(', '),
      `${Math.max(...runs.map((run) => run.clientLateMs)).toFixed(1)} ms`,
    )
  }
  table.end()
  const [theirs, ours] = [p99.get(bare) ?? 0, p99.get(webhook) ?? Infinity]
  page.say(
    `p99 is ${(ours / theirs).toFixed(1)} times the bare server's. Goals: under 5 times (${met(ours < 5 * theirs)}) and under 10 ms (${met(ours < 10)}).`,
  )
  page.say()
  page.say(
    `${RUNS} runs of ${RUN_SECONDS} s each, in turn; the median of them counts. The client is late where it, not the server, was kept from the processor.`,
  )
  page.say()
  await sayPauses(page, world, { quick, perSecond })
  return ours >= 5 * theirs || ours >= 10
}

/** What held either up: its own collector, its own turns of the loop, or the machine. */
async function sayPauses(
  page: Page,
  world: World,
  { quick, perSecond }: { quick: Mapped; perSecond: number },
): Promise<void> {
  page.say(
    `What holds a request up, in ${WATCHED_SECONDS} s of this load with one server of each kind after the other:`,
  )
  page.say()
  const table = page.table([
    '',
    'p99',
    'Client late by',
    'Collections',
    'Middle one',
    'Longest',
    'Loop late, p99',
    'Latest',
    'Ready, without a processor',
    'Processors stolen by the host',
  ])
  const file = world.file('pauses.json')
  const watched = {
    nodeArguments: [`--import=${TELL_PAUSES}`],
    env: { TELL_PAUSES: file },
  }
  const kinds: [name: string, start: () => Promise<Served>][] = [
    ['bare server', () => world.startBare(watched)],
    ['Pullgate', () => world.startWebhook({ registries: [quick], ...watched })],
  ]
  for (const [name, start] of kinds) {
    const server = await start()
    await world.load(server, imagesOf(1), { seconds: WARM_UP_SECONDS })
    server.signal('SIGUSR2')
    const seen = await world.load(server, imagesOf(1), {
      perSecond,
      seconds: WATCHED_SECONDS,
      warmUpSeconds: 0,
    })
    await server.finish()
    const pauses = JSON.parse(await readFile(file, 'utf8')) as Pauses
    const { collections, late, waited, stolen } = pauses
    const middle = collections[Math.floor(collections.length / 2)] ?? 0
    table.row(
      name,
      `${seen.p99Ms.toFixed(2)} ms`,
      `${seen.clientLateMs.toFixed(1)} ms`,
      collections.length,
      `${middle.toFixed(2)} ms`,
      `${(collections.at(-1) ?? 0).toFixed(1)} ms`,
      `${late.p99.toFixed(1)} ms`,
      `${late.max.toFixed(1)} ms`,
      `${waited.toFixed(0)} ms`,
      `${stolen.toFixed(0)} ms`,
    )
  }
  table.end()
}
