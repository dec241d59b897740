import t from 'tap'
import { createMetrics } from '../../src/admission/metrics.ts'
import { clientOf, endpointOf, requestFor } from './support/client-of.ts'
import { refuse, scriptedRegistry } from './support/scripted-registry.ts'
import { found, sparedClient } from './support/spared-client.ts'
import { defaultLimits, sparedTransport } from './support/spared-transport.ts'

t.test('what answered once is never said to be out of reach', async (t) => {
  let down = false
  const registry = await scriptedRegistry(t, (request, response, attempt) =>
    down ? response.destroy() : found(request, response, attempt),
  )
  const { look, connect, told, spared } = sparedClient(t)
  t.equal((await look(registry.baseUrl)).outcome, 'found')
  down = true

  const after = connect()
  for (let each = 0; each < 4; each++)
    t.match(await after.look(registry.baseUrl), { fault: 'connection-reset' })
  t.same(told, ['closed', 'open'])
  t.same(spared, ['down'])
})

t.test('a pause and an outage outlive a client', async (t) => {
  const paused = await scriptedRegistry(t, (_, response) =>
    refuse(response, 429, 'TOOMANYREQUESTS', { 'retry-after': '30' }),
  )
  const down = await scriptedRegistry(t, (_, response) => response.destroy())
  const { look, connect, clock, told } = sparedClient(t)
  await look(paused.baseUrl)
  for (let each = 0; each < 3; each++) await look(down.baseUrl, `1.${each}`)
  t.same(told, ['closed', 'until 30000', 'closed', 'open', 'never reached'])

  const after = connect()
  t.match(await after.look(paused.baseUrl), { outcome: 'rate-limited' })
  t.match(await after.look(down.baseUrl), { outcome: 'unreachable' })
  t.equal(after.sent.length, 0)
  clock.nowMs = 30_000
  t.match(await after.look(paused.baseUrl), { outcome: 'rate-limited' })
  await after.look(down.baseUrl)
  t.equal(after.sent.length, 2)
  t.same(told.slice(5), ['until 30000', 'half-open', 'open'], 'each change once')
})

function standing(): number {
  return 0
}

t.test('one host over http and https has two breakers in the metrics', async (t) => {
  const metrics = createMetrics({ process: null, now: standing })
  const { observer } = metrics
  const { transport } = sparedTransport(t, {
    limits: { ...defaultLimits, failures: 1 },
    observer,
    now: standing,
    intercept: ({ url: { protocol, host } }) =>
      protocol === 'http:'
        ? { kind: 'network', fault: 'connection-refused', host, detail: '' }
        : { kind: 'tls', fault: 'expired', host, detail: '' },
  })
  for (const scheme of ['http', 'https']) {
    const endpoint = endpointOf(`${scheme}://mirror.acme.test`)
    await clientOf([endpoint], { transport, observer, now: standing }).lookup(
      requestFor(),
    )
  }

  const { body } = await metrics.render()
  const breakers = body
    .split('\n')
    .filter((line) => line.startsWith('pullgate_registry_breaker_state{'))
  t.strictSame(breakers.toSorted(), [
    'pullgate_registry_breaker_state{host="mirror.acme.test"} 0',
    'pullgate_registry_breaker_state{host="mirror.acme.test:80"} 2',
  ])
})
