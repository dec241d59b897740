import t from 'tap'
import { createTagsCache } from '../../src/prediction/lookups/tags-cache.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import type { LookupRequest, TagsResult } from '../../src/registry/lookup.ts'

/** A memory of tags over a registry that answers `answer`, with a clock that is set by hand. */
function setUp(answer: () => Promise<TagsResult>) {
  const clock = { nowMs: 0 }
  const asked: LookupRequest[] = []
  const uses: string[] = []
  const cache = createTagsCache({
    client: {
      tags(request) {
        asked.push(request)
        return answer()
      },
    },
    now: () => clock.nowMs,
    timeoutMs: 900,
    onUse: (use) => uses.push(use),
  })
  const ask = (image = 'r.test/app:1', changes: Partial<LookupRequest> = {}) =>
    cache.tags({
      reference: parseReference(image),
      credential: null,
      signal: new AbortController().signal,
      ...changes,
    })
  return { ask, asked, clock, uses }
}

const listed: TagsResult = { outcome: 'listed', tags: ['1', '2'], complete: true }

t.test('tags of a repository are listed once in two seconds', async (t) => {
  for (const result of [listed, { outcome: 'no-repository' } as const]) {
    const { ask, asked, clock, uses } = setUp(async () => result)
    t.same(await ask(), result)
    clock.nowMs += 2_000
    t.same(await ask('r.test/app:another'), result)
    t.equal(asked.length, 1)
    clock.nowMs += 1
    await ask()
    t.equal(asked.length, 2, 'a denial rests on nothing older')
    t.same(uses, ['miss', 'hit', 'miss'])
  }
})

t.test('what could not be had is asked for again at once', async (t) => {
  const { ask, asked } = setUp(async () => ({ outcome: 'unavailable' }))
  await ask()
  await ask()
  t.equal(asked.length, 2)
})

t.test('each credential has a list of its own', async (t) => {
  const { ask, asked } = setUp(async () => listed)
  await ask()
  await ask('r.test/app:1', { credential: { username: 'bot', password: 'secret' } })
  await ask('r.test/other:1')
  t.equal(asked.length, 3)
})

t.test('equal questions are one, and whoever leaves takes nobody along', async (t) => {
  const { promise, resolve } = Promise.withResolvers<TagsResult>()
  const { ask, asked, uses } = setUp(() => promise)
  const leaving = new AbortController()
  const first = ask('r.test/app:1', { signal: leaving.signal })
  const second = ask()
  leaving.abort()
  t.same(await first, { outcome: 'unavailable' })
  t.notOk(asked[0]?.signal.aborted)
  resolve(listed)
  t.same(await second, listed)
  t.same(uses, ['miss', 'shared'])
})

t.test('a fault is told to whoever waits, and forgotten', async (t) => {
  let fails = true
  const { ask } = setUp(async () => {
    if (fails) throw new TypeError('a bug')
    return listed
  })
  await t.rejects(ask(), /a bug/)
  fails = false
  t.same(await ask(), listed)
})
