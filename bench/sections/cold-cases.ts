import { startDelayedRegistry } from '../delayed-registry.ts'
import type { DelayedRegistry } from '../delayed-registry.ts'
import type { Sender } from '../reviews.ts'
import type { Mapped, World } from '../world.ts'

export const DELAY_MS = 50
const FOUR = 4
const IMAGES = 20
/** Before a case is measured: a compiler's first minutes are not what a deploy waits for. */
const WARM_UP_RUNS = 30

export interface Case {
  name: string
  /** Round trips that no client can do without. */
  ideal: number
  /** Token registries that each run of it needs for itself, not asked before. */
  unknown: number
  /** Images of one object. */
  images: (run: number, unknown: readonly string[]) => string[]
  /**
   * False where the number of requests is no goal: look-ups that reach an unknown host side by side may each pay a challenge of
   * their own, since waiting for the first to learn would cost all others a round trip; how many do is a matter of timing.
   */
  isCounted?: boolean
}

const spread = (run: number, tag: string): string[] =>
  Array.from(
    { length: IMAGES },
    (_, at) => `plain${at % FOUR}.acme.test/b${run}:${tag}${at}`,
  )

/** Indexes are new also beside those of other cases: what is in one is remembered by its digest, whoever had it. */
const spreadOver = (hosts: readonly string[], run: number, tag: string): string[] =>
  Array.from({ length: IMAGES }, (_, at) => `${hosts[at % FOUR]}/n${run}:${tag}${at}`)

/** Of `plain0` to `plain3` and of `token`, which are known, and of token registries that are not. */
export const CASES: readonly Case[] = [
  {
    name: 'a new tag, known registry',
    ideal: 1,
    unknown: 0,
    images: (run) => [`plain0.acme.test/a:${run}`],
  },
  {
    name: 'a new index, known registry',
    ideal: 2,
    unknown: 0,
    images: (run) => [`plain0.acme.test/a:index${run}`],
  },
  {
    name: 'unknown token registry',
    ideal: 3,
    unknown: 1,
    images: (_, [host]) => [`${host}/a:1`],
  },
  {
    name: 'unknown token registry, a new index',
    ideal: 4,
    unknown: 1,
    images: (run, [host]) => [`${host}/a:index-of-token${run}`],
  },
  {
    name: 'a new repository, known token registry',
    ideal: 2,
    unknown: 0,
    images: (run) => [`token.acme.test/new${run}:1`],
  },
  {
    name: 'a new tag, known token and repository',
    ideal: 1,
    unknown: 0,
    images: (run) => [`token.acme.test/a:new${run}`],
  },
  {
    name: '20 images, four registries',
    ideal: 1,
    unknown: 0,
    images: (run) => spread(run, ''),
  },
  {
    name: '20 new indexes, four registries',
    ideal: 2,
    unknown: 0,
    images: (run) => spread(run, 'index'),
  },
  {
    name: '20 images, four unknown token registries',
    ideal: 3,
    unknown: FOUR,
    images: (run, hosts) => spreadOver(hosts, run, ''),
    isCounted: false,
  },
  {
    name: '20 new indexes, four unknown token registries',
    ideal: 4,
    unknown: FOUR,
    images: (run, hosts) => spreadOver(hosts, run, 'index'),
    isCounted: false,
  },
]

export async function warmUp(send: Sender): Promise<void> {
  await send(['token.acme.test/a:1'])
  for (let run = 0; run < WARM_UP_RUNS; run++)
    await send(spread(1_000_000 + run, run % 2 ? 'index' : ''))
}

/** Everything that so many runs of some cases ask. */
export interface CaseRegistries {
  mapped: Mapped[]
  imagesOf: (each: Case, run: number) => string[]
  /** Requests so far. */
  asked: () => number
}

export async function startRegistries(
  world: World,
  cases: readonly Case[],
  runs: number,
): Promise<CaseRegistries> {
  const registries: DelayedRegistry[] = []
  const mapped: Mapped[] = []
  async function start(host: string, token: boolean): Promise<string> {
    const registry = await startDelayedRegistry(DELAY_MS, { token })
    world.teardown(() => registry.close())
    registries.push(registry)
    mapped.push({ host, endpoint: registry.url })
    return host
  }
  for (let at = 0; at < FOUR; at++) await start(`plain${at}.acme.test`, false)
  await start('token.acme.test', true)
  const unknown = new Map<Case, string[]>()
  for (const [at, each] of cases.entries()) {
    const hosts: string[] = []
    for (let host = 0; host < runs * each.unknown; host++)
      hosts.push(await start(`unknown${at}-${host}.acme.test`, true))
    unknown.set(each, hosts)
  }
  return {
    mapped,
    imagesOf(each, run) {
      const first = run * each.unknown
      const hosts = unknown.get(each)?.slice(first, first + each.unknown) ?? []
      return each.images(run, hosts)
    },
    asked: () => registries.reduce((sum, each) => sum + each.count(), 0),
  }
}

/** A cluster of one Node, so that there is a platform to look for in an index. */
export function node(): object {
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
