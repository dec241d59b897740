import { request } from 'undici'
import { met } from '../page.ts'
import type { Page } from '../page.ts'
import type { Served } from '../processes.ts'
import { createSender } from '../reviews.ts'
import type { Mapped, World } from '../world.ts'
import { startApiServer } from '../api-server.ts'
import { imagesOf } from './throughput.ts'

/** How far apart the readings of a soak are, in seconds. */
const SLICE_SECONDS = 15
/** What a soak may end above its middle and still be called flat. */
const FLAT = 1.1

interface SetUp {
  name: string
  goalMib: number
  webhook: Served
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
  for (const { name, goalMib, webhook } of await setUps(world, quick)) {
    const readings = [webhook.rssMib()]
    for (const images of [10_000, 100_000]) {
      await sendDistinct(webhook, world.ca, images)
      readings.push(webhook.rssMib())
    }
    const soaked = await soak(world, webhook, soakSeconds)
    const last = soaked.at(-1) ?? 0
    const middle = soaked[Math.floor(soaked.length / 2)] ?? last
    const isGood = Math.max(...readings, ...soaked) < goalMib
    const isFlat = last <= middle * FLAT
    isMissed ||= !isGood || !isFlat
    table.row(
      name,
      `${(webhook.startMs / 1000).toFixed(1)} s`,
      ...[...readings, last].map((mib) => `${mib.toFixed(0)} MiB`),
      `under ${goalMib}`,
      met(isGood),
    )
    lines.push(
      `${name}: ${Math.min(...soaked).toFixed(0)} to ${Math.max(...soaked).toFixed(0)} MiB during the soak, ${middle.toFixed(0)} in its middle, flat: ${met(isFlat)}.`,
    )
    lines.push(`${name}, at the end: ${await whereItGoes(webhook)}`)
    webhook.stop()
  }
  table.end()
  for (const line of lines) page.say(`- ${line}`)
  page.say()
  return isMissed
}

async function setUps(world: World, quick: Mapped): Promise<SetUp[]> {
  const { kubeconfig } = await startApiServer(world)
  // Theirs is the compile cache that the image has.
  for (const cluster of [{}, { cluster: { kubeconfig } }])
    await (await world.startWebhook({ registries: [quick], ...cluster })).finish()
  return [
    {
      name: 'standalone',
      goalMib: 150,
      webhook: await world.startWebhook({ registries: [quick] }),
    },
    {
      name: 'cluster of 1,000 nodes',
      goalMib: 250,
      webhook: await world.startWebhook({ registries: [quick], cluster: { kubeconfig } }),
    },
  ]
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

/** What the resident memory consists of. */
async function whereItGoes(webhook: Served): Promise<string> {
  const { body } = await request(`http://127.0.0.1:${webhook.metricsPort}/metrics`)
  const page = await body.text()
  const heap = Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(page)?.[1]) / 2 ** 20
  const file = webhook.rssFileMib()
  const rest = webhook.rssMib() - file - heap
  return `${file.toFixed(0)} MiB of Node's program, ${heap.toFixed(0)} of used JavaScript heap (libraries, caches and garbage not yet collected), ${rest.toFixed(0)} of compiled code, buffers of connections, threads and free heap.`
}

/** Resident memory after each slice, in MiB. */
async function soak(world: World, webhook: Served, seconds: number): Promise<number[]> {
  const readings: number[] = []
  for (let left = seconds; left > 0; left -= SLICE_SECONDS) {
    await world.load(webhook, imagesOf(1), { seconds: Math.min(SLICE_SECONDS, left) })
    readings.push(webhook.rssMib())
  }
  return readings
}
