import t from 'tap'
import type { Test } from 'tap'
import { gentleLimits } from '../../src/registry/gentle-transport.ts'
import type { GentleLimits } from '../../src/registry/gentle-transport.ts'
import { scriptedRegistry } from './support/scripted-registry.ts'
import { found, sparedClient } from './support/spared-client.ts'
import { LOOKUP_TIMEOUT_MS } from './support/spared-transport.ts'

/** A registry that answers nothing until it is told to, and requests to it whose end and duration a test chooses. */
async function silentRegistry(t: Test, limits: Partial<GentleLimits> = {}) {
  const pending: (() => void)[] = []
  const registry = await scriptedRegistry(t, (...exchange) => {
    pending.push(() => found(...exchange))
  })
  const client = sparedClient(t, limits)
  const { clock, look, sent } = client

  async function ask(tookMs: number, end: (deadline: AbortController) => void) {
    const { length } = pending
    const deadline = new AbortController()
    const result = look(registry.baseUrl, `1.${sent.length}`, deadline.signal)
    while (pending.length === length) await new Promise(setImmediate)
    clock.nowMs += tookMs
    end(deadline)
    return (await result).outcome
  }

  return {
    ...client,
    look: () => look(registry.baseUrl),
    answered: (tookMs: number) => ask(tookMs, () => pending.at(-1)?.()),
    timedOut: (tookMs: number) =>
      ask(tookMs, (deadline) =>
        deadline.abort(new DOMException('the deadline', 'TimeoutError')),
      ),
    left: (tookMs: number) => ask(tookMs, (deadline) => deadline.abort()),
  }
}

t.test('a registry that hangs is left alone once enough deadlines passed', async (t) => {
  const { look, timedOut, told } = await silentRegistry(t)

  for (let quick = 0; quick < 5; quick++) t.equal(await timedOut(10), 'interrupted')
  t.same(
    told,
    ['closed'],
    'a deadline that was all but over says nothing of the registry',
  )
  for (let slow = 0; slow < 3; slow++) t.equal(await timedOut(2_000), 'interrupted')
  t.match(await look(), { outcome: 'unreachable' })
  t.same(told, ['closed', 'open', 'never reached'])
})

t.test(
  'a registry that takes connections and hangs is down, and not out of reach',
  async (t) => {
    const { look, timedOut, told } = await silentRegistry(t)
    for (let each = 0; each < 3; each++) await timedOut(7_000)
    t.match(await look(), { outcome: 'unreachable', fault: 'response-timeout' })
    t.same(told, ['closed', 'open'])
  },
)

t.test('a caller who leaves is no failure of the registry', async (t) => {
  const { left, told } = await silentRegistry(t)
  for (let each = 0; each < 5; each++) t.equal(await left(5_000), 'interrupted')
  t.same(told, ['closed'])
})

t.test('what began late in a storm tells nothing of a slow registry', async (t) => {
  const { answered, timedOut, told } = await silentRegistry(t)
  t.equal(await answered(1_200), 'found')
  for (let quick = 0; quick < 3; quick++) await answered(30)
  for (let late = 0; late < 5; late++) t.equal(await timedOut(1_300), 'interrupted')
  t.same(told, ['closed'])
})

t.test('a slow registry that hangs is left alone all the same', async (t) => {
  for (const slowMs of [1_200, 5_000]) {
    const { answered, timedOut, told } = await silentRegistry(t)
    await answered(slowMs)
    // A part of the look-up may have gone to a challenge.
    for (let each = 0; each < 3; each++) await timedOut(LOOKUP_TIMEOUT_MS - 500)
    t.same(told, ['closed', 'open'], `${slowMs} ms`)
  }
})

t.test('a registry that is fast again is not given the time it once took', async (t) => {
  const { answered, timedOut, told } = await silentRegistry(t)
  await answered(3_000)
  for (let quick = 0; quick < 30; quick++) await answered(30)
  for (let each = 0; each < 3; each++) await timedOut(600)
  t.same(told, ['closed', 'open'])
})

t.test('a hanging registry is left alone however short a look-up may take', async (t) => {
  for (const lookupTimeoutMs of [100, 400, 900]) {
    const { slowMs, hangingMs } = gentleLimits(lookupTimeoutMs)
    const { timedOut, told } = await silentRegistry(t, { slowMs, hangingMs })
    // A good part of it went to a challenge.
    const leftMs = lookupTimeoutMs * 0.6
    for (let each = 0; each < 3; each++) await timedOut(leftMs)
    t.same(told, ['closed', 'open', 'never reached'], `${lookupTimeoutMs} ms`)
  }
})
