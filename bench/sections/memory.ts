import { median, met } from '../page.ts'
import type { Page } from '../page.ts'
import type { Served } from '../processes.ts'
import { createSender } from '../reviews.ts'
import type { Mapped, StartOptions, World } from '../world.ts'
import { startApiServer } from '../api-server.ts'
import type { MemoryParts } from '../tell-memory.ts'
import { memoryParts, sayMemoryParts } from './memory-parts.ts'
import { imagesOf } from './throughput.ts'

/** Servers that are started of each set-up; the last one is soaked too. */
const RUNS = 3
/** How far apart the readings of a soak are, in seconds. */
const SLICE_SECONDS = 15
/** The soak of the server that is asked what its memory consists of, in seconds at most. */
const ASKED_SECONDS = 60
/** What the last third of a soak may be above the second one and still be called flat. */
const FLAT_MIB = 5

interface SetUp {
  name: string
  goalMib: number
  start: (options?: StartOptions) => Promise<Served>
}

/** f: how long a start takes, and resident memory after many different images, and after a soak at the saturating rate. */
export async function memory(
  page: Page,
  world: World,
  { quick, soakSeconds }: { quick: Mapped; soakSeconds: number },
): Promise<boolean> {
  page.say('## Memory (f)')
  page.say()
  const minutes = (soakSeconds / 60).toFixed(soakSeconds % 60 === 0 ? 0 : 1)
  const table = page.table([
    'Set-up',
    'Start takes',
    'At start',
    '10,000 images',
    '100,000 images',
    `${minutes} min at the saturating rate`,
    'Goal',
    '',
  ])
  let isMissed = false
  const lines: string[] = []
  const consists: { name: string; parts: MemoryParts }[] = []
  for (const { name, goalMib, start } of await setUps(world, quick)) {
    let webhook = await start()
    const runs = [await afterImages(webhook, world.ca)]
    for (let run = 1; run < RUNS; run++) {
      webhook.stop()
      webhook = await start()
      runs.push(await afterImages(webhook, world.ca))
    }
    const { soaked, missing, denied } = await soak(world, webhook, soakSeconds)
    // One reading is a moment between two collections.
    const third = Math.ceil(soaked.length / 3)
    const last = median(soaked.slice(-third))
    const middle = median(soaked.slice(-2 * third, -third))
    const greatest = runs.map(({ at100k }) => at100k)
    const isGood = Math.max(...runs.flatMap(readingsOf), ...soaked) < goalMib
    const isFlat = last <= middle + FLAT_MIB
    isMissed ||= !isGood || !isFlat
    const typical = (of: keyof AfterImages): number => median(runs.map((run) => run[of]))
    table.row(
      name,
      `${(typical('startMs') / 1000).toFixed(1)} s`,
      ...[typical('atStart'), typical('at10k'), typical('at100k'), last].map(
        (mib) => `${mib.toFixed(0)} MiB`,
      ),
      `under ${goalMib}`,
      met(isGood),
    )
    lines.push(
      `${name}: ${Math.min(...greatest).toFixed(0)} to ${Math.max(...greatest).toFixed(0)} MiB after 100,000 images, in ${RUNS} runs. The goal is for the greatest reading of all.`,
    )
    lines.push(
      `${name}: ${Math.min(...soaked).toFixed(0)} to ${Math.max(...soaked).toFixed(0)} MiB during the soak; the median of its second third is ${middle.toFixed(0)}, of its last ${last.toFixed(0)} (goal: at most ${FLAT_MIB} more): ${met(isFlat)}. One review in ten was of an image that is new, one in a hundred of one that is missing: ${denied} of these ${missing} were denied.`,
    )
    webhook.stop()
    const parts = await memoryParts(world, start, async (asked) => {
      await sendDistinct(asked, world.ca, 10_000)
      await soak(world, asked, Math.min(soakSeconds, ASKED_SECONDS))
    })
    consists.push({ name, parts })
  }
  table.end()
  for (const line of lines) page.say(`- ${line}`)
  page.say()
  page.say(
    'What is resident, told by a server of its own of each set-up after 10,000 images and up to a minute of that load (what tells it takes some of it too):',
  )
  page.say()
  sayMemoryParts(page, consists)
  return isMissed
}

async function setUps(world: World, quick: Mapped): Promise<SetUp[]> {
  const { kubeconfig } = await startApiServer(world, { nodes: 1_000 })
  // Theirs is the compile cache that the image has.
  for (const cluster of [{}, { cluster: { kubeconfig } }])
    await (await world.startWebhook({ registries: [quick], ...cluster })).finish()
  return [
    {
      name: 'standalone',
      goalMib: 150,
      start: (options) => world.startWebhook({ registries: [quick], ...options }),
    },
    {
      name: 'cluster of 1,000 nodes',
      goalMib: 250,
      start: (options) =>
        world.startWebhook({ registries: [quick], cluster: { kubeconfig }, ...options }),
    },
  ]
}

/** In MiB, but for the time of the start. */
interface AfterImages {
  startMs: number
  atStart: number
  at10k: number
  at100k: number
}

const readingsOf = ({ atStart, at10k, at100k }: AfterImages): number[] => [
  atStart,
  at10k,
  at100k,
]

async function afterImages(webhook: Served, ca: string): Promise<AfterImages> {
  const atStart = webhook.rssMib()
  await sendDistinct(webhook, ca, 10_000)
  const at10k = webhook.rssMib()
  await sendDistinct(webhook, ca, 100_000)
  return { startMs: webhook.startMs, atStart, at10k, at100k: webhook.rssMib() }
}

async function sendDistinct(webhook: Served, ca: string, count: number): Promise<void> {
  const { send, close } = createSender(webhook.port, ca)
  const EACH = 50
  for (let at = 0; at < count; at += EACH) {
    await send(
      Array.from(
        { length: EACH },
        (_, index) => `quick.acme.test/m-${count}:${at + index}`,
      ),
    )
  }
  await close()
}

/** Resident memory after each slice, in MiB. Some reviews are of new and of missing images, as a cluster at work sends them. */
async function soak(
  world: World,
  webhook: Served,
  seconds: number,
): Promise<{ soaked: number[]; missing: number; denied: number }> {
  const soaked: number[] = []
  const images = imagesOf(1)
  let [missing, denied] = [0, 0]
  for (let left = seconds; left > 0; left -= SLICE_SECONDS) {
    const seen = await world.load(webhook, images, {
      seconds: Math.min(SLICE_SECONDS, left),
      ...(images[0] === undefined ? {} : { varied: images[0] }),
    })
    missing += seen.missing
    denied += seen.denied
    soaked.push(webhook.rssMib())
  }
  return { soaked, missing, denied }
}
