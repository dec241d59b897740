import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createCircuitBreaker } from '../../src/registry/circuit-breaker.ts'
import { refuse, scriptedRegistry } from './support/scripted-registry.ts'
import { found, sparedClient } from './support/spared-client.ts'
import { defaultLimits } from './support/spared-transport.ts'

/** The address of a port that refuses connections. */
async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

t.test('a breaker opens after failures in a row and lets one request through', (t) => {
  const clock = { nowMs: 0 }
  const breaker = createCircuitBreaker({
    failures: 2,
    intervalMs: 100,
    now: () => clock.nowMs,
  })
  breaker.failed('ask')
  breaker.succeeded()
  breaker.failed('ask')
  t.equal(breaker.permit(), 'ask', 'a success in between starts the count anew')
  breaker.failed('ask')
  t.equal(breaker.permit(), 'refuse')
  clock.nowMs = 99
  breaker.failed('ask')
  t.equal(breaker.state(), 'open', 'what was under way does not lengthen it')
  clock.nowMs = 100
  t.equal(breaker.permit(), 'probe')
  t.equal(breaker.permit(), 'refuse', 'one at a time')
  t.equal(breaker.state(), 'half-open')
  breaker.abandoned('ask')
  t.equal(breaker.permit(), 'refuse', 'somebody else gave up')
  breaker.abandoned('probe')
  t.equal(breaker.permit(), 'probe', 'the next one is the probe')
  breaker.failed('probe')
  clock.nowMs = 199
  t.equal(breaker.permit(), 'refuse', 'a whole interval again')
  clock.nowMs = 200
  t.equal(breaker.permit(), 'probe')
  breaker.succeeded()
  t.same([breaker.state(), breaker.permit()], ['closed', 'ask'])
  t.end()
})

t.test('an outage costs one request an interval', async (t) => {
  let down = true
  const registry = await scriptedRegistry(t, (request, response, attempt) => {
    if (attempt === 1 || !down) return found(request, response, attempt)
    // Not even a status line. The transport repeats a reset once.
    response.destroy()
  })
  const { look, clock, told, sent } = sparedClient(t)
  t.equal((await look(registry.baseUrl)).outcome, 'found')
  for (let failure = 0; failure < 3; failure++) {
    t.match(await look(registry.baseUrl), {
      outcome: 'unreachable',
      fault: 'connection-reset',
    })
  }
  const before = sent.length

  const spared = await Promise.all(
    Array.from({ length: 200 }, (_, index) => look(registry.baseUrl, `1.${index}`)),
  )
  t.equal(sent.length, before, 'nothing is sent')
  for (const result of spared) {
    if (result.outcome !== 'unreachable') t.fail(result.outcome)
    if (result.evidence.requests !== 0) t.fail('a request is claimed')
  }

  clock.nowMs += defaultLimits.intervalMs
  await Promise.all(Array.from({ length: 50 }, () => look(registry.baseUrl)))
  t.equal(sent.length, before + 1, 'one finds out')

  clock.nowMs += defaultLimits.intervalMs
  down = false
  t.equal((await look(registry.baseUrl)).outcome, 'found')
  t.equal((await look(registry.baseUrl)).outcome, 'found')
  t.same(told, ['closed', 'open', 'half-open', 'open', 'half-open', 'closed'])
})

t.test('a registry that was never reached is told once, in one short line', async (t) => {
  const { look, clock, told } = sparedClient(t)
  const baseUrl = await closedPort()
  for (let each = 0; each < 3; each++)
    t.match(await look(baseUrl), { fault: 'connection-refused' })
  for (let interval = 0; interval < 3; interval++) {
    t.match(await look(baseUrl), { outcome: 'unreachable', fault: 'never-reached' })
    clock.nowMs += defaultLimits.intervalMs
    t.match(await look(baseUrl), { fault: 'connection-refused' }, 'the probe')
  }
  t.equal(told.filter((each) => each === 'never reached').length, 1)
})

t.test('a proxy that opens no tunnel is an outage like any other', async (t) => {
  const { look, told } = sparedClient(t, {}, ({ url }) => ({
    kind: 'network',
    fault: 'proxy-refused',
    host: url.host,
    detail: '',
  }))
  for (let each = 0; each < 4; each++) await look('https://registry.acme.test')
  t.same(told, ['closed', 'open', 'never reached'])
})

t.test('answers that are no outage leave a registry in use', async (t) => {
  for (const status of [401, 404, 429, 500, 501]) {
    const registry = await scriptedRegistry(t, (_, response) => refuse(response, status))
    const { look, told } = sparedClient(t)
    for (let each = 0; each < 5; each++) await look(registry.baseUrl)
    t.same(told, ['closed'], String(status))
  }
})

t.test(
  'a gateway that says its registry is away is asked once an interval',
  async (t) => {
    for (const status of [502, 503, 504]) {
      let isAway = true
      const registry = await scriptedRegistry(t, (request, response, attempt) =>
        isAway ? refuse(response, status) : found(request, response, attempt),
      )
      const { look, told, spared, clock, sent } = sparedClient(t)
      for (let each = 0; each < 5; each++)
        t.match(await look(registry.baseUrl, `1.${each}`), {
          outcome: 'unexpected-status',
          evidence: { status },
        })
      t.same(told, ['closed', 'open'], 'a host that answers was reached')
      // 503 and 504 are repeated once, but not where nobody was asked.
      t.equal(spared.length, status === 502 ? 2 : 4)
      const asked = sent.length
      isAway = false
      clock.nowMs = defaultLimits.intervalMs
      t.equal((await look(registry.baseUrl)).outcome, 'found', `${status}: then asked`)
      t.ok(sent.length > asked)
    }
  },
)

t.test('503 with Retry-After pauses a registry', async (t) => {
  const registry = await scriptedRegistry(t, (request, response, attempt) =>
    attempt === 1
      ? refuse(response, 503, 'UNAVAILABLE', { 'retry-after': '7' })
      : found(request, response, attempt),
  )
  const { look, clock, spared } = sparedClient(t)
  t.match(await look(registry.baseUrl), { outcome: 'unexpected-status' })
  clock.nowMs = 6_000
  t.match(await look(registry.baseUrl, 'another'), { evidence: { requests: 0 } })
  t.same(spared, ['paused', 'paused'], 'the repetition of the first, and the second')
  clock.nowMs = 7_000
  t.equal((await look(registry.baseUrl)).outcome, 'found')
})

t.test('a fault of the transport leaves the next request a probe', async (t) => {
  let isFaulty = false
  const { look, clock } = sparedClient(t, {}, () => {
    if (isFaulty) throw new Error('a fault of ours')
    return null
  })
  const baseUrl = await closedPort()
  for (let each = 0; each < 3; each++) await look(baseUrl)
  clock.nowMs = defaultLimits.intervalMs
  isFaulty = true
  await t.rejects(look(baseUrl), /a fault of ours/)
  isFaulty = false
  t.match(await look(baseUrl), { evidence: { requests: 1 } })
})

t.test('one registry that is down leaves the others in use', async (t) => {
  const registry = await scriptedRegistry(t, found)
  const { look } = sparedClient(t)
  const baseUrl = await closedPort()
  for (let each = 0; each < 5; each++) await look(baseUrl)
  t.equal((await look(registry.baseUrl)).outcome, 'found')
})

t.test('429 with Retry-After pauses a registry', async (t) => {
  const cases: { retryAfter: string; pauseMs: number }[] = [
    { retryAfter: '7', pauseMs: 7_000 },
    { retryAfter: 'Thu, 01 Jan 1970 00:00:09 GMT', pauseMs: 9_000 },
    { retryAfter: '3600', pauseMs: defaultLimits.maxPauseMs },
    { retryAfter: '99999999999999999999', pauseMs: defaultLimits.maxPauseMs },
    { retryAfter: '0', pauseMs: 0 },
    { retryAfter: 'soon', pauseMs: 0 },
  ]
  for (const { retryAfter, pauseMs } of cases) {
    const registry = await scriptedRegistry(t, (request, response, attempt) =>
      attempt === 1
        ? refuse(response, 429, 'TOOMANYREQUESTS', { 'retry-after': retryAfter })
        : found(request, response, attempt),
    )
    const { look, clock, sent, told, spared } = sparedClient(t)
    t.match(await look(registry.baseUrl), { outcome: 'rate-limited' })
    const asked = sent.length
    t.same(told, pauseMs > 0 ? ['closed', `until ${pauseMs}`] : ['closed'])
    if (pauseMs > 0) {
      clock.nowMs = pauseMs - 500
      t.match(
        await look(registry.baseUrl, 'another'),
        { outcome: 'rate-limited', retryAfterMs: 1_000, evidence: { requests: 0 } },
        `${retryAfter}: still paused`,
      )
      t.equal(sent.length, asked, `${retryAfter}: without asking`)
      t.same(spared, ['paused'])
    }
    clock.nowMs = pauseMs
    t.equal((await look(registry.baseUrl)).outcome, 'found', `${retryAfter}: then asked`)
  }
})

t.test('a shorter Retry-After does not shorten a pause', async (t) => {
  const held: (() => void)[] = []
  const registry = await scriptedRegistry(t, (_, response) => {
    const retryAfter = held.length === 0 ? '50' : '5'
    held.push(() =>
      refuse(response, 429, 'TOOMANYREQUESTS', { 'retry-after': retryAfter }),
    )
  })
  const { look, clock, sent, told } = sparedClient(t)
  const looks: Promise<unknown>[] = []
  for (const tag of ['first', 'second']) {
    looks.push(look(registry.baseUrl, tag))
    while (held.length < looks.length) await new Promise(setImmediate)
  }
  for (const [index, answer] of held.entries()) {
    answer()
    await looks[index]
  }
  t.same(told, ['closed', 'until 50000'])

  clock.nowMs = 49_000
  t.match(await look(registry.baseUrl, 'third'), {
    outcome: 'rate-limited',
    retryAfterMs: 1_000,
  })
  t.equal(sent.length, 2)
})

t.test('a storm of 500 images is smoothed', async (t) => {
  let under = 0
  let most = 0
  const registry = await scriptedRegistry(t, (request, response, attempt) => {
    under++
    most = Math.max(most, under)
    setImmediate(() => {
      under--
      found(request, response, attempt)
    })
  })
  const { look, told } = sparedClient(t, { atATime: 8 })

  const results = await Promise.all(
    Array.from({ length: 500 }, (_, index) => look(registry.baseUrl, `1.${index}`)),
  )

  t.ok(results.every(({ outcome }) => outcome === 'found'))
  t.ok(most <= 8, `${most} at a time`)
  t.ok(told.includes(492), 'the line is seen')
  t.equal(told.at(-1), 0, 'and its end')
})

t.test('a line is bounded, and whoever gives up leaves it', async (t) => {
  const registry = await scriptedRegistry(t, () => {})
  const { look, sent, told } = sparedClient(t, { atATime: 1, maxWaiting: 2 })
  const holder = new AbortController()
  const holding = look(registry.baseUrl, 'first', holder.signal)
  const leaving = new AbortController()
  const waiting = ['second', 'third'].map((tag) =>
    look(registry.baseUrl, tag, leaving.signal),
  )
  while (told.at(-1) !== 2) await new Promise(setImmediate)

  t.match(await look(registry.baseUrl, 'fourth'), {
    outcome: 'unreachable',
    fault: 'too-many-waiting',
    evidence: { requests: 0, request: '' },
  })
  leaving.abort()
  for (const result of await Promise.all(waiting)) t.equal(result.outcome, 'interrupted')
  t.same(told, ['closed', 1, 2, 1, 0])
  t.equal(sent.length, 1, 'they were never sent')
  holder.abort()
  t.equal((await holding).outcome, 'interrupted')
  const next = new AbortController()
  const last = look(registry.baseUrl, 'fifth', next.signal)
  while (sent.length === 1) await new Promise(setImmediate)
  next.abort()
  await last
  t.equal(sent.length, 2, 'the place is free again')
})

t.test('an outage empties the line at once', async (t) => {
  const { look, sent } = sparedClient(t, { atATime: 1, failures: 2 })
  const baseUrl = await closedPort()

  const results = await Promise.all(
    Array.from({ length: 100 }, (_, index) => look(baseUrl, `1.${index}`)),
  )

  t.ok(results.every(({ outcome }) => outcome === 'unreachable'))
  t.equal(sent.length, 2, 'two found out, nobody else was sent')
})
