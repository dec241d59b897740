import t from 'tap'
import { inspect } from 'node:util'
import { freshly } from '../../src/prediction/lookups/lookup-cache.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import type { Credential } from '../../src/credentials/credential.ts'
import type { LookupRequest, LookupResult } from '../../src/registry/lookup.ts'
import {
  PASSWORD,
  certainCauses,
  createWorld,
  found,
  nodeObject,
  notFound,
  pod,
  unauthorized,
} from './world.ts'
import type { BareResult } from './world.ts'
import { bot, DIGEST, setUp, TAG } from './a-lookup-cache.ts'

const broken: BareResult = { outcome: 'unexpected-status', evidence: { status: 503 } }

const lifetimes: {
  name: string
  result: BareResult
  ttlMs: number
  request?: Partial<LookupRequest> & { image?: string }
}[] = [
  { name: 'a tag that is there', result: found, ttlMs: 60_000 },
  {
    name: 'a digest that is there',
    result: found,
    ttlMs: 600_000,
    request: { image: DIGEST },
  },
  { name: 'not found', result: notFound, ttlMs: 2_000 },
  { name: 'anonymous 401', result: unauthorized('no-credentials', false), ttlMs: 2_000 },
  {
    name: 'a rejected password',
    result: unauthorized('rejected', true),
    ttlMs: 30_000,
    request: { credential: bot },
  },
  {
    name: 'a password that the token service rejects',
    result: unauthorized('token-refused', true),
    ttlMs: 30_000,
    request: { credential: bot },
  },
  {
    name: 'a token service that refuses a repository',
    result: { ...unauthorized('token-refused', true), evidence: { status: 403 } },
    ttlMs: 2_000,
    request: { credential: bot },
  },
  {
    name: 'a token service that refuses who is nobody',
    result: unauthorized('token-refused', false),
    ttlMs: 2_000,
  },
  {
    name: 'an account without the right, or a repository that is not there yet',
    result: unauthorized('insufficient-scope', true),
    ttlMs: 2_000,
    request: { credential: bot },
  },
  {
    name: '401 again after a token',
    result: unauthorized('still-unauthorized', true),
    ttlMs: 2_000,
    request: { credential: bot },
  },
  {
    name: '403',
    result: { outcome: 'forbidden', evidence: { status: 403 } },
    ttlMs: 2_000,
  },
  {
    name: 'a web page',
    result: { outcome: 'unusable', fault: 'web-page', mediaType: '', sizeBytes: null },
    ttlMs: 2_000,
  },
  { name: '503', result: broken, ttlMs: 5_000 },
  {
    name: 'unreachable',
    result: {
      outcome: 'unreachable',
      fault: 'connection-refused',
      target: 'registry',
      host: 'registry.acme.test',
    },
    ttlMs: 5_000,
  },
  {
    name: '429',
    result: { outcome: 'rate-limited', stage: 'manifest', retryAfterMs: null },
    ttlMs: 5_000,
  },
  { name: 'interrupted', result: { outcome: 'interrupted' }, ttlMs: 0 },
]

t.test('each answer is remembered for its time', async (t) => {
  for (const { name, result, ttlMs, request = {} } of lifetimes) {
    const { ask, asked, clock } = setUp(result)
    await ask(request)
    if (ttlMs > 0) {
      clock.nowMs += ttlMs - 1
      t.same(await ask(request), await ask(request), name)
      t.equal(asked.length, 1, `${name}: not asked again before its time`)
    }
    clock.nowMs += 2
    await ask(request)
    t.equal(asked.length, 2, `${name}: asked again after it`)
  }
})

t.test('answers that came together do not end together', async (t) => {
  for (const { name, result, ttlMs, request = {} } of lifetimes) {
    const { ask, asked, clock } = setUp(result, { random: () => 1 })
    await ask(request)
    // A password is not sent again before its time, for registries lock accounts.
    const least = ttlMs === 30_000 ? ttlMs : ttlMs * 0.75
    if (least > 0) {
      clock.nowMs += least - 1
      await ask(request)
      t.equal(asked.length, 1, `${name}: not asked again before three quarters`)
    }
    clock.nowMs += 2
    await ask(request)
    t.equal(asked.length, 2, `${name}: asked again after them`)
  }
})

t.test('a refusal is as old as its question', async (t) => {
  const { promise, resolve } = Promise.withResolvers<BareResult>()
  const { ask, asked, clock } = setUp(() => promise)
  const slow = ask()
  clock.nowMs += 1_500
  resolve(notFound)
  await slow
  clock.nowMs += 499
  await ask()
  t.equal(asked.length, 1)
  clock.nowMs += 2
  await ask()
  t.equal(asked.length, 2, 'what was pushed while it answered is seen two seconds on')

  const later = Promise.withResolvers<BareResult>()
  const late = setUp(() => later.promise)
  const first = late.ask()
  late.clock.nowMs += 2_001
  later.resolve(notFound)
  await first
  await late.ask()
  t.equal(late.asked.length, 2, 'one that took longer serves nobody else')
})

t.test('memory is bounded in bytes', async (t) => {
  const entries = Array.from({ length: 50 }, (_, each) => ({
    ...indexEntry('amd64'),
    digest: `sha256:${String(each).padStart(64, '0')}`,
  }))
  const large = { ...found, platforms: entries }
  const { ask, asked } = setUp(large, { maxBytes: 40_000 })
  const images = ['r.test/a:1', 'r.test/b:1', 'r.test/c:1', 'r.test/d:1']
  for (const image of images) await ask({ image })
  await ask({ image: 'r.test/d:1' })
  t.equal(asked.length, 4, 'the last is there')
  await ask({ image: 'r.test/a:1' })
  t.equal(asked.length, 5, 'the first had to make room')
})

t.test('an entry is only for its image and its credential', async (t) => {
  const { ask, asked } = setUp(found)
  const who: (Credential | null)[] = [
    null,
    bot,
    { ...bot, password: `${PASSWORD}2` },
    { username: `bot${PASSWORD[0] ?? ''}`, password: PASSWORD.slice(1) },
  ]
  for (const credential of who) await ask({ credential })
  for (const image of [`${TAG}0`, DIGEST]) await ask({ image })
  t.equal(asked.length, who.length + 2)
  for (const credential of who) await ask({ credential })
  t.equal(asked.length, who.length + 2)
})

t.test('half a credential is none, as containerd has it', async (t) => {
  const { ask, asked } = setUp(found)
  await ask()
  await ask({ credential: { username: '', password: '' } })
  await ask({ credential: { username: 'bot', password: '' } })
  t.equal(asked.length, 1)
})

t.test('platforms tell apart what is there, not what is refused', async (t) => {
  const there = setUp(found)
  await there.ask({ platforms: ['linux/amd64', 'linux/arm64'] })
  await there.ask({ platforms: ['linux/arm64', 'linux/amd64'] })
  t.equal(there.asked.length, 1, 'in any order')
  await there.ask({ platforms: ['linux/amd64'] })
  await there.ask()
  t.equal(there.asked.length, 3)

  const refused = setUp(unauthorized('rejected', true))
  await refused.ask({ credential: bot, platforms: ['linux/amd64'] })
  await refused.ask({ credential: bot, platforms: ['linux/arm64'] })
  await refused.ask({ credential: bot })
  t.equal(refused.asked.length, 1, 'a rejected credential is not sent again')
  await refused.ask({ credential: bot, image: 'registry.acme.test/team/web:1.0' })
  t.equal(refused.asked.length, 2, 'but for another image, which may be open to it')
})

t.test('equal look-ups under way share one exchange', async (t) => {
  const { promise, resolve } = Promise.withResolvers<BareResult>()
  const { ask, asked, uses, clock } = setUp(() => promise)
  const both = [ask(), ask()]
  clock.nowMs += 2_001
  const late = ask()
  t.equal(asked.length, 2, 'one that began too long ago is not joined')
  resolve(found)
  await Promise.all([...both, late])
  await ask()
  t.same(uses, ['miss', 'shared', 'miss', 'hit'])
})

t.test('a caller who leaves takes nobody along', async (t) => {
  const { promise, resolve } = Promise.withResolvers<BareResult>()
  const { ask, asked } = setUp(() => promise)
  const leaving = new AbortController()
  const first = ask({ signal: leaving.signal })
  const second = ask()
  leaving.abort()
  t.equal((await first).outcome, 'interrupted')
  t.notOk(asked[0]?.signal.aborted, 'the exchange goes on')
  resolve(found)
  t.equal((await second).outcome, 'found')
  t.equal((await ask({ signal: AbortSignal.abort() })).outcome, 'found', 'from memory')
  t.equal(asked.length, 1)
})

t.test('a fault is told to everyone who waits, and forgotten', async (t) => {
  let fails = true
  const { ask, asked } = setUp(async () => {
    if (fails) throw new TypeError('a bug')
    return found
  })
  await Promise.all([t.rejects(ask(), /a bug/), t.rejects(ask(), /a bug/)])
  fails = false
  t.equal((await ask()).outcome, 'found')
  t.equal(asked.length, 2)
})

t.test('memory is bounded, and holds no secret', async (t) => {
  const { ask, asked, cache } = setUp(found, { maxEntries: 2 })
  const answers: LookupResult[] = []
  for (const image of ['r.test/a:1', 'r.test/b:1', 'r.test/c:1', 'r.test/a:1'])
    answers.push(await ask({ image, credential: bot }))
  t.equal(asked.length, 4, 'the oldest was let go')
  const seen = inspect([cache, answers], { depth: 20, showHidden: true })
  t.notMatch(seen, PASSWORD)
  t.notMatch(seen, Buffer.from(PASSWORD).toString('base64'))
})

t.test(
  'what is older than a refusal may be is asked for again where a denial would rest on it',
  async (t) => {
    const { cache, clock, asked, ask } = setUp(found)
    const { signal } = new AbortController()
    const request = { reference: parseReference(TAG), credential: null, signal }
    await ask()
    clock.nowMs += 2_000
    await freshly(cache).lookup(request)
    t.equal(asked.length, 1, 'an answer of this moment will do')
    clock.nowMs += 1
    await freshly(cache).lookup(request)
    t.equal(asked.length, 2)
    await ask()
    t.equal(asked.length, 2, 'and everyone remembers the new one')

    const refused = setUp(unauthorized('rejected', true))
    await refused.ask({ credential: bot })
    refused.clock.nowMs += 2_000
    await freshly(refused.cache).lookup({ ...request, credential: bot })
    t.equal(refused.asked.length, 1, 'a rejection of this moment will do')
    refused.clock.nowMs += 1
    await freshly(refused.cache).lookup({ ...request, credential: bot })
    t.equal(refused.asked.length, 2, 'the account may have been unlocked since')
    refused.clock.nowMs += 29_000
    await refused.ask({ credential: bot })
    t.equal(refused.asked.length, 2, 'else a rejected credential is not sent again')
  },
)

function settled(): Promise<void> {
  return new Promise((done) => setImmediate(done))
}

t.test('a tag that was fine is told once more while it is asked for again', async (t) => {
  let answer: BareResult = found
  const { ask, asked, clock, uses } = setUp(async () => answer)
  await ask({ platforms: ['linux/amd64'] })
  clock.nowMs += 60_001
  const both = [ask({ platforms: ['linux/amd64'] }), ask({ platforms: ['linux/amd64'] })]
  for (const each of both) t.equal((await each).outcome, 'found')
  t.same(uses, ['miss', 'stale', 'stale'], 'nobody waits')
  await settled()
  t.equal(asked.length, 2, 'one refresh')
  clock.nowMs += 60_000
  await ask({ platforms: ['linux/amd64'] })
  t.equal(asked.length, 2, 'whose answer has all its time')

  answer = broken
  clock.nowMs += 1
  t.equal((await ask({ platforms: ['linux/amd64'] })).outcome, 'found')
  await settled()
  t.equal((await ask({ platforms: ['linux/amd64'] })).outcome, 'found', 'an outage')
  t.equal(asked.length, 3, 'is not asked about by everyone')

  answer = notFound
  clock.nowMs += 5_001
  t.equal((await ask({ platforms: ['linux/amd64'] })).outcome, 'found')
  await settled()
  t.equal((await ask({ platforms: ['linux/amd64'] })).outcome, 'not-found')
  t.equal(asked.length, 4, 'what is gone replaces what was there')
  clock.nowMs += 2_001
  t.equal((await ask({ platforms: ['linux/amd64'] })).outcome, 'not-found')
  t.equal(asked.length, 5, 'and is never told when it is old')

  const late = setUp(async () => answer)
  answer = found
  await late.ask()
  late.clock.nowMs += 120_001
  answer = notFound
  t.equal((await late.ask()).outcome, 'not-found', 'the grace has an end')

  answer = found
  await late.ask({ image: DIGEST })
  answer = notFound
  late.clock.nowMs += 600_001
  t.equal((await late.ask({ image: DIGEST })).outcome, 'not-found', 'tags only')
})

t.test('a fault of a refresh harms nobody', async (t) => {
  let fails = false
  const { ask, clock, asked } = setUp(async () => {
    if (fails) throw new TypeError('a bug')
    return found
  })
  await ask()
  clock.nowMs += 60_001
  fails = true
  t.equal((await ask()).outcome, 'found')
  await settled()
  t.equal(asked.length, 2)
})

function indexEntry(architecture: string) {
  return {
    digest: `sha256:${'d'.repeat(64)}`,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    os: 'linux',
    architecture,
    variant: null,
    osVersion: null,
    osFeatures: [],
  }
}

function index(architecture: string): BareResult {
  return {
    outcome: 'found',
    digest: `sha256:${'a'.repeat(64)}`,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    sizeBytes: 500,
    kind: 'index',
    platforms: [indexEntry(architecture)],
    missingChildren: [],
  }
}

t.test('a tag that moved to the platform of the nodes is not denied', async (t) => {
  let served = index('arm64')
  const { cache, clock, asked } = setUp(async () => served)
  const world = await createWorld({
    objects: [nodeObject()],
    overrides: { lookups: cache },
  })
  t.same(certainCauses(await world.predict(pod())), ['PlatformMismatch'])
  clock.nowMs += 10_000
  served = index('amd64')
  t.same((await world.predict(pod()))[0]?.findings, [])
  t.equal(asked.length, 2)
})
