import { median, met } from '../page.ts'
import type { Page } from '../page.ts'
import type { Served } from '../processes.ts'
import type { Mapped, World } from '../world.ts'

const RUNS = 5

/** Parts of the bare server's throughput. */
const GOALS = [
  { images: 1, logs: true, goal: 0.6 },
  { images: 10, logs: true, goal: 0.5 },
  { images: 1, logs: false, goal: 0.7 },
  { images: 10, logs: false, goal: 0.6 },
] as const

export interface Warm {
  quick: Mapped
  webhook: Served
  bare: Served
  /** Reviews of one image a second, as fast as they are answered. */
  saturating: number
  isMissed: boolean
}

export function imagesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `quick.acme.test/team/app:${index}`)
}

/** a: the real server beside a bare one, run by run in turn, so that what else the machine does meets both. */
export async function throughput(page: Page, world: World, quick: Mapped): Promise<Warm> {
  const bare = await world.startBare()
  const webhook = await world.startWebhook({ registries: [quick] })
  const silent = await world.startWebhook({ registries: [quick], logs: false })
  // The first thirty thousand reviews of a process are its compiler's: until then one costs half as much again.
  for (const server of [bare, webhook, silent]) {
    await world.load(server, imagesOf(10), { seconds: 8 })
    await world.load(server, imagesOf(1), { seconds: 8 })
  }
  page.say('## Warm admissions a second, one core (a)')
  page.say()
  const table = page.table([
    'Images',
    'Log line',
    'Bare server',
    'Pullgate',
    'Throughput ratio',
    'CPU ratio',
    'Goal',
    '',
  ])
  let saturating = 0
  let isMissed = false
  for (const { images, logs, goal } of GOALS) {
    const pairs: Pair[] = []
    for (let run = 0; run < RUNS; run++) {
      const theirs = await measure(world, bare, images)
      const ours = await measure(world, logs ? webhook : silent, images)
      pairs.push({ theirs, ours })
    }
    const rate = (of: Measured[]): number => median(of.map(({ perSecond }) => perSecond))
    const [theirs, ours] = [
      pairs.map((each) => each.theirs),
      pairs.map((each) => each.ours),
    ]
    const ratio = median(pairs.map((each) => each.ours.perSecond / each.theirs.perSecond))
    const cpu = median(pairs.map((each) => each.theirs.cpuUs / each.ours.cpuUs))
    if (images === 1 && logs) saturating = rate(ours)
    isMissed ||= ratio < goal
    table.row(
      images,
      logs ? 'on' : 'off',
      rate(theirs).toFixed(0),
      rate(ours).toFixed(0),
      ratio.toFixed(2),
      cpu.toFixed(2),
      goal,
      met(ratio >= goal),
    )
  }
  table.end()
  page.say(
    'The CPU ratio is what a request costs the bare server over what it costs Pullgate, by the time that the system counted for each process.',
  )
  page.say()
  silent.stop()
  return { quick, webhook, bare, saturating, isMissed }
}

interface Measured {
  perSecond: number
  cpuUs: number
}

interface Pair {
  theirs: Measured
  ours: Measured
}

async function measure(world: World, server: Served, images: number): Promise<Measured> {
  const before = server.cpuMs()
  const { perSecond, sent } = await world.load(server, imagesOf(images))
  return { perSecond, cpuUs: ((server.cpuMs() - before) * 1000) / sent }
}
