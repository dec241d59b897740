import t from 'tap'
import { createMetrics } from '../../src/admission/metrics.ts'

// Which hosts the metrics about registries tell apart, whatever names somebody makes up.

function setUp() {
  const metrics = createMetrics({ process: null, now: () => 0 })
  const { observer } = metrics
  const exchange = (host: string, status: string): void => {
    observer.breaker({ host, state: 'closed' })
    observer.request({ host, purpose: 'manifest', status, durationMs: 1 })
  }
  const series = async (name: string): Promise<string[]> => {
    const { body } = await metrics.render()
    return body.split('\n').filter((line) => line.startsWith(`${name}{`))
  }
  return { observer, exchange, series }
}

function hosts(count: number, domain: string): string[] {
  return Array.from({ length: count }, (_, at) => `typo${at}.${domain}`)
}

const REQUESTS = 'pullgate_registry_requests_total'
const SPARED = 'pullgate_registry_spared_total'
const BREAKER = 'pullgate_registry_breaker_state'
const REMAINING = 'pullgate_ratelimit_remaining'
const rateLimit = { limit: 100, remaining: 7, windowSeconds: 21_600, source: null }

t.test('hosts that never answered take no label from a registry', async (t) => {
  const { exchange, observer, series } = setUp()

  for (const host of hosts(100, 'invalid')) exchange(host, 'error')
  exchange('real.test', '503')
  observer.breaker({ host: 'real.test', state: 'open' })
  exchange('late.test', 'error')
  observer.spared({ host: 'real.test', reason: 'down' })
  observer.spared({ host: 'late.test', reason: 'down' })

  t.strictSame(await series(REQUESTS), [
    `${REQUESTS}{host="other",purpose="manifest",status="error"} 101`,
    `${REQUESTS}{host="real.test",purpose="manifest",status="503"} 1`,
  ])
  t.strictSame(await series(SPARED), [
    `${SPARED}{host="real.test",reason="down"} 1`,
    `${SPARED}{host="other",reason="down"} 1`,
  ])
  t.ok((await series(BREAKER)).includes(`${BREAKER}{host="real.test"} 2`))
})

t.test('a registry that answered stays in the gauges, whoever comes after', async (t) => {
  const { exchange, observer, series } = setUp()
  exchange('real.test', '200')
  observer.rateLimit({ host: 'real.test', rateLimit })
  observer.breaker({ host: 'real.test', state: 'open' })

  for (const host of hosts(1_000, 'invalid')) exchange(host, 'error')

  t.ok((await series(BREAKER)).includes(`${BREAKER}{host="real.test"} 2`))
  t.strictSame(await series(REMAINING), [`${REMAINING}{host="real.test"} 7`])
})

t.test('of hosts without a label the gauges show those asked for last', async (t) => {
  const { exchange, observer, series } = setUp()
  for (const host of hosts(100, 'invalid')) exchange(host, 'error')
  observer.spared({ host: 'typo0.invalid', reason: 'down' })

  exchange('down.test', 'error')

  const shown = await series(BREAKER)
  t.equal(shown.length, 100)
  t.ok(shown.includes(`${BREAKER}{host="down.test"} 0`))
  t.ok(shown.includes(`${BREAKER}{host="typo0.invalid"} 0`), 'still in use')
  t.notOk(shown.includes(`${BREAKER}{host="typo1.invalid"} 0`), 'idle longest')
})

t.test('both are bounded, whoever answers', async (t) => {
  const { exchange, series } = setUp()
  for (const host of hosts(1_000, 'evil.test')) exchange(host, '404')
  exchange('real.test', '200')

  const requests = await series(REQUESTS)
  t.equal(requests.length, 102)
  t.ok(requests.includes(`${REQUESTS}{host="other",purpose="manifest",status="200"} 1`))
  const shown = await series(BREAKER)
  t.equal(shown.length, 200)
  t.ok(shown.includes(`${BREAKER}{host="real.test"} 0`))
})

t.test('a registry that nobody asked for a while is shown as it was left', async (t) => {
  let nowMs = 0
  const metrics = createMetrics({ process: null, now: () => nowMs })
  const ask = () =>
    metrics.observer.request({
      host: 'real.test',
      purpose: 'manifest',
      status: '200',
      durationMs: 1,
    })
  metrics.observer.breaker({ host: 'real.test', state: 'closed' })
  ask()
  nowMs = 600_001
  t.notMatch((await metrics.render()).body, `${BREAKER}{`)

  ask()

  t.match((await metrics.render()).body, `${BREAKER}{host="real.test"} 0`)
})
