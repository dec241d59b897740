import t from 'tap'
import { createPlatformReads } from '../../src/prediction/lookups/platform-reads.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import type { ImagePlatform } from '../../src/registry/image-platform.ts'
import type { LookupRequest } from '../../src/registry/lookup.ts'

const A = `sha256:${'a'.repeat(64)}`
const B = `sha256:${'b'.repeat(64)}`

const arm: ImagePlatform = {
  os: 'linux',
  architecture: 'arm64',
  variant: null,
  osVersion: null,
  configMediaType: 'application/vnd.oci.image.config.v1+json',
}

type Answer = (signal: AbortSignal) => Promise<ImagePlatform | null>

/** Reads from a client that answers `answer`, with a clock that is set by hand. */
function setUp(answer: Answer, timeoutMs = 900) {
  const clock = { nowMs: 0 }
  const asked: LookupRequest[] = []
  const reads = createPlatformReads({
    client: {
      imagePlatform(request) {
        asked.push(request)
        return answer(request.signal)
      },
    },
    now: () => clock.nowMs,
    timeoutMs,
  })
  const read = (digest = A, changes: Partial<LookupRequest> = {}) =>
    reads.imagePlatform(
      {
        reference: parseReference('r.test/app:1'),
        credential: null,
        signal: new AbortController().signal,
        ...changes,
      },
      digest,
    )
  return { asked, clock, read }
}

const untilEnded: Answer = (signal) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(null))
  })

t.test('equal questions are one, and whoever leaves takes nobody along', async (t) => {
  const { promise, resolve } = Promise.withResolvers<ImagePlatform>()
  const { asked, read } = setUp(() => promise)
  const leaving = new AbortController()
  const first = read(A, { signal: leaving.signal })
  const others = [read(), read(A, { reference: parseReference('r.test/app:2') })]
  leaving.abort()
  t.equal(await first, null)
  resolve(arm)
  t.same(await Promise.all(others), [arm, arm])
  t.equal(asked.length, 1)
  t.notOk(asked[0]?.signal.aborted)
})

t.test(
  'what differs in digest, repository or credential is asked for itself',
  async (t) => {
    const { asked, read } = setUp(async () => arm)
    await Promise.all([
      read(),
      read(B),
      read(A, { reference: parseReference('r.test/other:1') }),
      read(A, { credential: { username: 'bot', password: 'secret' } }),
    ])
    t.equal(asked.length, 4)
  },
)

t.test('what cannot be read is let be for a minute', async (t) => {
  let answer: ImagePlatform | null = null
  const { asked, clock, read } = setUp(async () => answer)
  t.equal(await read(), null)
  answer = arm
  clock.nowMs += 59_999
  t.equal(await read(), null)
  t.equal(asked.length, 1)
  clock.nowMs += 2
  t.same(await read(), arm)
})

t.test('one that hangs is given up, and is no sign of an outage', async (t) => {
  const { asked, read } = setUp(untilEnded, 5)
  t.equal(await read(), null)
  t.equal(await read(), null)
  t.equal(asked.length, 1, 'nobody waits for it again')
  t.match(
    asked[0]?.signal.reason,
    { name: 'AbortError' },
    'a breaker takes a TimeoutError for one',
  )
})

t.test('a fault is told to whoever waits, and forgotten', async (t) => {
  let fails = true
  const { read } = setUp(async () => {
    if (fails) throw new TypeError('a bug')
    return arm
  })
  await t.rejects(read(), /a bug/)
  fails = false
  t.same(await read(), arm)
})
