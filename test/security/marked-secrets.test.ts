import { LRUCache } from 'lru-cache'
import { test } from 'tap'
import {
  createWorld,
  deployment,
  pod,
  serviceAccount,
} from '../integration/credentials-world.ts'
import { scriptedRegistry } from '../registry/support/scripted-registry.ts'
import { podReview } from '../support/admission-reviews.ts'
import { startWebhook } from '../support/webhook.ts'
import {
  guises,
  holdsSecret,
  hosts,
  objects,
  REALM,
  secretNames,
} from './marked-registries.ts'

interface Kept {
  cache: string
  text: string
}

/** Everything that any cache of ours keeps from now on, with the file that kept it. */
function watchCaches(t: { teardown(handler: () => void): void }): Kept[] {
  const kept: Kept[] = []
  const descriptor = Object.getOwnPropertyDescriptor(LRUCache.prototype, 'set')
  const original = descriptor?.value as (typeof LRUCache.prototype)['set']
  LRUCache.prototype.set = function set(
    this: LRUCache<object, object>,
    key,
    value,
    options,
  ) {
    const cache =
      /src\/((?!cache\/)[\w/-]+\.ts)/.exec(new Error('where').stack ?? '')?.[1] ??
      'unknown'
    const note = (each: unknown): void =>
      void kept.push({ cache, text: shown([key, each]) })
    note(value)
    if (value instanceof Promise) value.then(note, note)
    return original.call(this, key, value, options)
  } as typeof original
  t.teardown(() => {
    if (descriptor) Object.defineProperty(LRUCache.prototype, 'set', descriptor)
  })
  return kept
}

/** Values in full, Maps and Errors too. */
function shown(value: unknown): string {
  const seen = new Set<unknown>()
  return (
    JSON.stringify(value, (_key, each: unknown) => {
      if (typeof each !== 'object' || each === null) return each
      if (seen.has(each)) return undefined
      seen.add(each)
      if (each instanceof Map) return [...each]
      if (each instanceof Error) return { message: each.message, stack: each.stack }
      return each
    }) ?? ''
  )
}

/** Caches that are made to hold Secrets and tokens. */
const madeForSecrets = new Set([
  'registry/token-service.ts',
  'cluster/fact-cache.ts',
  'cluster/remember-facts.ts',
])

await test('no secret leaves by an answer, a log, a metric, a report or a verdict cache', async (t) => {
  const kept = watchCaches(t)
  const endpoints: Record<string, string> = {}
  for (const [guise, script] of Object.entries(guises)) {
    endpoints[`${guise}.acme.test`] = (await scriptedRegistry(t, script)).baseUrl
  }
  const world = await createWorld(t, {
    endpoints,
    objects: [...objects('team-a'), serviceAccount('default', ['all'])],
    thorough: true,
    env: { HTTPS_PROXY: '', NO_PROXY: '*' },
  })
  for (const host of hosts) {
    for (const pullSecrets of [
      ['all'],
      ['others'],
      ['jwt', 'no-user', 'all'],
      secretNames,
    ]) {
      await world.apply(pod(`${host}/team/app:1`, { pullSecrets }))
      await world.apply(deployment(`${host}/team/app:1`, { pullSecrets }))
      await world.report(pod(`${host}/team/app:1`, { pullSecrets }))
    }
  }
  await world.metricsPage()

  t.notMatch(world.told(), REALM)
  const leaks = world.told().split('\n').filter(holdsSecret)
  t.same(leaks, [])
  const caches = new Set(kept.map(({ cache }) => cache))
  t.ok(caches.has('prediction/lookups/lookup-cache.ts'), 'look-ups were kept')
  for (const cache of caches) {
    if (madeForSecrets.has(cache)) continue
    const leaking = kept.filter((each) => each.cache === cache && holdsSecret(each.text))
    t.same(leaking, [], cache)
  }
})

await test('nor by the server as it is run, over HTTPS', async (t) => {
  const endpoints: Record<string, string> = {}
  for (const [guise, script] of Object.entries(guises)) {
    endpoints[`${guise}.acme.test`] = (await scriptedRegistry(t, script)).baseUrl
  }
  const webhook = await startWebhook(t, {
    configuration: {
      network: { allow: ['127.0.0.1/32'] },
      registries: Object.entries(endpoints).map(([host, endpoint]) => ({
        host,
        endpoint,
      })),
    },
    manifests: objects('team-a') as never,
  })
  const told: string[] = []
  for (const imagePullSecrets of [['all'], ['others'], secretNames]) {
    const review = podReview({
      namespace: 'team-a',
      images: hosts.map((host) => `${host}/team/app:1`),
      imagePullSecrets,
      imagePullPolicy: 'Always',
    })
    told.push(JSON.stringify(await webhook.review(review)))
  }
  for (const path of ['/metrics', '/readyz', '/healthz'])
    told.push((await webhook.metricsPath(path)).text)
  told.push(...webhook.log.map((line) => JSON.stringify(line)))

  t.ok(told.some((text) => text.includes('basic-echo.acme.test')))
  t.same(told.filter(holdsSecret), [])
})
