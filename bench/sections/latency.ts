import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { median, met } from '../page.ts'
import type { Page } from '../page.ts'
import type { Seen } from '../load.ts'
import type { Cores, Served } from '../processes.ts'
import type { Pauses } from '../tell-pauses.ts'
import type { Mapped, StartOptions, World } from '../world.ts'
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
  { quick, saturating }: Pick<Warm, 'quick' | 'saturating'>,
): Promise<boolean> {
  const perSecond = Math.max(10, Math.floor(saturating / 2))
  page.say(`## Warm latency at ${perSecond} a second, half of the saturating rate (b)`)
  page.say()
  page.say(
    "Half of the rate of (a), where a server has one core for everything. Here V8's compiler and collector, which run beside the thread that answers, may have the core of the client too, as in a container without a limit.",
  )
  page.say()
  const table = page.table(['', 'p50', 'p99', 'p99 of each run', 'Client late by'])
  const bare = await world.startBare({ cores: 'all' })
  const webhook = await world.startWebhook({ registries: [quick], cores: 'all' })
  for (const server of [bare, webhook])
    await world.load(server, imagesOf(1), { seconds: WARM_UP_SECONDS })
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
  for (const server of [bare, webhook]) server.stop()
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
  const one = 'all of it on one core'
  const file = world.file('pauses.json')
  type Start = (options: StartOptions) => Promise<Served>
  const startWebhook: Start = (options) =>
    world.startWebhook({ registries: [quick], ...options })
  const watched = {
    nodeArguments: [`--import=${TELL_PAUSES}`],
    env: { TELL_PAUSES: file },
  }
  const kinds: [name: string, cores: Cores, start: Start][] = [
    ['bare server', 'all', (options) => world.startBare(options)],
    ['Pullgate', 'all', startWebhook],
    [`bare server, ${one}`, 'one', (options) => world.startBare(options)],
    [`Pullgate, ${one}`, 'one', startWebhook],
  ]
  for (const [name, cores, start] of kinds) {
    const server = await start({ ...watched, cores })
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
  page.say(
    'On one core the thread that answers has half of it while the compiler or the collector works, which shows as "ready, without a processor".',
  )
  page.say()
}
