import { profileInto, readProfile, sayProfiles } from '../cpu-profile.ts'
import type { Profile } from '../cpu-profile.ts'
import { startDelayedRegistry } from '../delayed-registry.ts'
import type { DelayedRegistry } from '../delayed-registry.ts'
import { median, met } from '../page.ts'
import type { Page } from '../page.ts'
import { createSender } from '../reviews.ts'
import type { Sender } from '../reviews.ts'
import type { World } from '../world.ts'

const DELAY_MS = 50
const RUNS = 9
const WITHIN = 1.15
const REPLICAS = 200
/** Reviews before the CPU of as many is read. */
const DRIVEN_RUNS = 100
const FOUR = 4
/** Token registries that each run of a case needs for itself: two cases take one, two take four. */
const NEW_TOKENS = RUNS * (2 + 2 * FOUR)

interface Case {
  name: string
  /** Round trips that no client can do without. */
  ideal: number
  /** Images of one object. */
  images: (run: number) => string[]
  /**
   * False where the number of requests is no goal: look-ups that reach an unknown host side by side may each pay a challenge of
   * their own, since waiting for the first to learn would cost all others a round trip; how many do is a matter of timing.
   */
  isCounted?: boolean
}

const spread = (run: number, tag: string): string[] =>
  Array.from({ length: 20 }, (_, at) => `plain${at % FOUR}.acme.test/b${run}:${tag}${at}`)

/**
 * The same at four token registries that were not asked before. Indexes are new as well, also beside those of other cases: what
 * is in one is remembered by its digest, whoever had it.
 */
function spreadOverNew(run: number, tag = ''): string[] {
  const first = NEW_TOKENS - FOUR * (tag === '' ? run + 1 : run + 1 + RUNS)
  return Array.from(
    { length: 20 },
    (_, at) => `token${first + (at % FOUR)}.acme.test/n${run}:${tag}${at}`,
  )
}

const CASES: readonly Case[] = [
  {
    name: 'a new tag, known registry',
    ideal: 1,
    images: (run) => [`plain0.acme.test/a:${run}`],
  },
  {
    name: 'the same, a new index',
    ideal: 2,
    images: (run) => [`plain0.acme.test/a:index${run}`],
  },
  {
    name: 'unknown token registry',
    ideal: 3,
    images: (run) => [`token${run}.acme.test/a:1`],
  },
  {
    name: 'the same, a new index',
    ideal: 4,
    images: (run) => [`token${run + RUNS}.acme.test/a:index-of-token${run}`],
  },
  {
    name: 'a new repository, known token registry',
    ideal: 2,
    images: (run) => [`token0.acme.test/new${run}:1`],
  },
  {
    name: 'a new tag, known token and repository',
    ideal: 1,
    images: (run) => [`token0.acme.test/a:new${run}`],
  },
  {
    name: '20 images, four registries',
    ideal: 1,
    images: (run) => spread(run, ''),
  },
  {
    name: '20 new indexes, four registries',
    ideal: 2,
    images: (run) => spread(run, 'index'),
  },
  {
    name: '20 images, four unknown token registries',
    ideal: 3,
    images: (run) => spreadOverNew(run),
    isCounted: false,
  },
  {
    name: '20 new indexes, four unknown token registries',
    ideal: 4,
    images: (run) => spreadOverNew(run, 'index'),
    isCounted: false,
  },
]

/** Goals that were missed: of time (c) and of requests (d). */
export interface ColdMissed {
  time: boolean
  requests: boolean
}

/** c and d: what a decision costs that no cache can answer, in round trips and in requests. */
export async function cold(page: Page, world: World): Promise<ColdMissed> {
  const plain = await Promise.all(
    Array.from({ length: FOUR }, () => startDelayedRegistry(DELAY_MS)),
  )
  const tokens = await Promise.all(
    Array.from({ length: NEW_TOKENS }, () =>
      startDelayedRegistry(DELAY_MS, { token: true }),
    ),
  )
  const all = [...plain, ...tokens]
  for (const registry of all) world.teardown(() => registry.close())
  const webhook = await world.startWebhook({
    registries: [
      ...plain.map(({ url }, at) => ({ host: `plain${at}.acme.test`, endpoint: url })),
      ...tokens.map(({ url }, at) => ({ host: `token${at}.acme.test`, endpoint: url })),
    ],
    cluster: [node()],
  })
  const { send, close } = createSender(webhook.port, world.ca)
  const asked = (): number => all.reduce((sum, each) => sum + each.count(), 0)
  // A compiler's first minutes are not what a deploy waits for.
  for (let run = 0; run < 30; run++)
    await send(spread(1_000 + run, run % 2 ? 'index' : ''))
  page.say(`## Cold decisions, answers come after ${DELAY_MS} ms (c, d)`)
  page.say()
  page.say(
    `The registries speak plain HTTP on loopback and wait ${DELAY_MS} ms before each answer, which is what a round trip is here; connecting costs none, and there is no TLS.`,
  )
  page.say()
  const table = page.table([
    'What',
    'Round trips taken',
    'Ideal',
    'Ratio',
    `Within ${WITHIN}`,
    'Requests',
    'Goal',
    '',
  ])
  const missed: ColdMissed = { time: false, requests: false }
  for (const { name, ideal, images, isCounted = true } of CASES) {
    const before = asked()
    const took = await inTurn(send, images)
    const trips = median(took) / DELAY_MS
    const ratio = trips / ideal
    const requests = (asked() - before) / RUNS
    const goal = ideal * images(0).length
    const isQuick = ratio <= WITHIN
    const isFrugal = requests === goal
    missed.time ||= !isQuick
    missed.requests ||= isCounted && !isFrugal
    table.row(
      name,
      trips.toFixed(2),
      ideal,
      ratio.toFixed(2),
      met(isQuick),
      requests.toFixed(2),
      isCounted ? goal : '',
      isCounted ? met(isFrugal) : '',
    )
  }
  table.end()
  const isRemembered = await repeated(page, send, asked)
  missed.requests ||= !isRemembered
  await close()
  webhook.stop()
  await sayWhere(page, world, plain)
  return missed
}

/** Where the time of 20 new images goes, with answers as late as above and then at once. */
async function sayWhere(
  page: Page,
  world: World,
  plain: readonly DelayedRegistry[],
): Promise<void> {
  const near = await Promise.all(plain.map(() => startDelayedRegistry(0)))
  for (const registry of near) world.teardown(() => registry.close())
  const [late, prompt] = [await driven(world, plain), await driven(world, near)]
  page.say(
    `Where the time goes with 20 new images: beside the round trip, a review takes ${late.toFixed(1)} ms of the server's CPU where answers come after ${DELAY_MS} ms, and ${prompt.toFixed(1)} ms where they come at once. What that consists of, by a CPU profile of each:`,
  )
  page.say()
  sayProfiles(page, [
    { name: `after ${DELAY_MS} ms`, profile: await profileOf(world, plain) },
    { name: 'at once', profile: await profileOf(world, near) },
  ])
}

async function profileOf(
  world: World,
  registries: readonly DelayedRegistry[],
): Promise<Profile> {
  const directory = world.file(`cold-${registries[0]?.url.split(':').at(-1)}`)
  await driven(world, registries, await profileInto(directory))
  return readProfile(directory, { skipShare: 0.5 })
}

/** Milliseconds of the server's CPU for a review of 20 new images, once its code is compiled. */
async function driven(
  world: World,
  registries: readonly DelayedRegistry[],
  nodeArguments: string[] = [],
): Promise<number> {
  const webhook = await world.startWebhook({
    registries: registries.map(({ url }, at) => ({
      host: `plain${at}.acme.test`,
      endpoint: url,
    })),
    cluster: [node()],
    nodeArguments,
  })
  const { send, close } = createSender(webhook.port, world.ca)
  for (let run = 0; run < DRIVEN_RUNS; run++) await send(spread(run, 'a'))
  const beforeMs = webhook.cpuMs()
  for (let run = 0; run < DRIVEN_RUNS; run++) await send(spread(run, 'b'))
  const took = webhook.cpuMs() - beforeMs
  await close()
  await webhook.finish()
  return took / DRIVEN_RUNS
}

async function inTurn(send: Sender, images: Case['images']): Promise<number[]> {
  const took: number[] = []
  for (let run = 0; run < RUNS; run++) took.push(await send(images(run)))
  return took
}

/** Whether the caches save what they should; test/performance/request-counts.test.ts asserts it. */
async function repeated(page: Page, send: Sender, asked: () => number): Promise<boolean> {
  const image = 'plain1.acme.test/replicated:1'
  const before = asked()
  await Promise.all(Array.from({ length: REPLICAS }, () => send([image])))
  const first = asked() - before
  await send([image])
  const warm = asked() - before - first
  page.say(
    `${REPLICAS} replicas of one Pod at once: ${first} request(s), goal 1: ${met(first === 1)}. The same Pod again: ${warm}, goal 0: ${met(warm === 0)}.`,
  )
  page.say()
  return first === 1 && warm === 0
}

function node(): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1' },
    status: {
      nodeInfo: {
        operatingSystem: 'linux',
        architecture: 'amd64',
        containerRuntimeVersion: 'containerd://2.1.4',
      },
    },
  }
}
