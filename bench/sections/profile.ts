import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '../page.ts'
import type { Mapped, World } from '../world.ts'
import { imagesOf } from './throughput.ts'

const SECONDS = 25
const SAMPLE_US = 500
/** Start and compiler are not what is looked for. */
const SKIP_SHARE = 0.6
const ROWS = 14

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[]
  samples: number[]
  timeDeltas: number[]
}

/** Where the time of a warm review goes, by a CPU profile of V8 under the load of (a). */
export async function profile(page: Page, world: World, quick: Mapped): Promise<void> {
  page.say('## Where the time goes (profile)')
  page.say()
  page.say(
    'A CPU profile of the server under the load of (a); shares of the time that it was busy, by the code that was running itself.',
  )
  page.say()
  const shares = new Map<string, number[]>()
  const counts = [1, 10]
  for (const [at, images] of counts.entries()) {
    for (const [part, share] of await profileOf(world, quick, images)) {
      const row = shares.get(part) ?? counts.map(() => 0)
      row[at] = share
      shares.set(part, row)
    }
  }
  const table = page.table(['Part', ...counts.map((each) => `${each} image(s)`)])
  const rows = [...shares].toSorted(([, a], [, b]) => sum(b) - sum(a))
  for (const [part, row] of rows.slice(0, ROWS))
    table.row(part, ...row.map((share) => `${(share * 100).toFixed(1)} %`))
  table.end()
}

async function profileOf(
  world: World,
  quick: Mapped,
  images: number,
): Promise<Map<string, number>> {
  const directory = world.file(`profile-${images}`)
  await mkdir(directory)
  const nodeArguments = [
    '--cpu-prof',
    `--cpu-prof-dir=${directory}`,
    `--cpu-prof-interval=${SAMPLE_US}`,
  ]
  const served = await world.startWebhook({ registries: [quick], nodeArguments })
  await world.load(served, imagesOf(images), { seconds: SECONDS })
  await served.finish()
  const [file = ''] = await readdir(directory)
  return sharesOf(JSON.parse(await readFile(join(directory, file), 'utf8')) as CpuProfile)
}

function sharesOf({ nodes, samples, timeDeltas }: CpuProfile): Map<string, number> {
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const times = new Map<string, number>()
  const first = Math.floor(samples.length * SKIP_SHARE)
  for (let at = first; at < samples.length; at++) {
    const part = parts.get(samples[at] ?? 0) ?? null
    if (part === null) continue
    times.set(part, (times.get(part) ?? 0) + Math.max(0, timeDeltas[at] ?? 0))
  }
  const total = sum([...times.values()])
  return new Map([...times].map(([part, time]) => [part, time / total]))
}

/** Null for what is no work. */
function partOf({
  functionName,
  url,
}: {
  functionName: string
  url: string
}): string | null {
  if (functionName === '(idle)') return null
  if (functionName === '(garbage collector)') return 'garbage collection'
  const [, library] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  if (library !== undefined) return LIBRARIES.get(library) ?? library
  const [, folder, rest = ''] = /\/src\/([^/]+)\/(.*)$/.exec(url) ?? []
  // The parser of V8 counts for the function that calls it.
  if (folder === 'admission' && rest === 'app.ts')
    return 'src/admission/app.ts (JSON.parse)'
  if (folder !== undefined) return `src/${folder}`
  if (url.startsWith('node:')) return 'HTTP, TLS, streams and timers of Node'
  if (functionName === 'runMicrotasks') return 'promises'
  return 'system calls, TLS and what else is native'
}

const LIBRARIES: ReadonlyMap<string, string> = new Map([
  ['find-my-way', 'fastify'],
  ['light-my-request', 'fastify'],
  ['sonic-boom', 'pino'],
])

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
