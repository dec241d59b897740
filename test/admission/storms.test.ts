import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { Client } from 'undici'
import { buildServer } from '../../src/admission/app.ts'
import { timeArrivals } from '../../src/admission/arrivals.ts'
import { createReviewer } from '../../src/admission/review.ts'
import { reviewBudget } from '../../src/admission/review-budget.ts'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import { defaultConfiguration } from '../../src/configuration/read-configuration.ts'
import type { PredictionRequest } from '../../src/prediction/predictor.ts'

// Many reviews at once are read, judged and answered by one thread. None may be late for the API server because of the others,
// so each takes into account what it has waited and what it will wait.

const log = { debug() {}, info() {}, warn() {}, error() {} }

function lookUpsMs(apiTimeoutMs: number, others: number): number {
  return reviewBudget({ deadlineMs: 8000, apiTimeoutMs, elapsedMs: 0, others }).lookUpsMs
}

test('the more reviews are under way, the earlier the look-ups of the next end', (t) => {
  t.equal(lookUpsMs(2000, 0), 1800)
  t.equal(lookUpsMs(2000, 1), 1797)
  t.equal(lookUpsMs(2000, 99), 1503)
  t.equal(lookUpsMs(2000, 5000), 1000, 'half of the time at least is for look-ups')
  t.equal(lookUpsMs(1000, 99), 503)
  t.equal(lookUpsMs(5000, 99), 4500, 'what is kept of a longer time is enough for these')
  t.equal(lookUpsMs(5000, 300), 3900)
  t.equal(lookUpsMs(150, 99), 0, 'where there is no time, there is none')
  t.end()
})

test('reviews that come at once end one after the other, the last first', async (t) => {
  const signals: AbortSignal[] = []
  const review = createReviewer({
    configuration: defaultConfiguration,
    predictor: {
      async predict({ signal }: PredictionRequest) {
        signals.push(signal)
        await once(signal, 'abort')
        return []
      },
    },
    cluster: { namespace: async () => ({ status: 'absent' }) },
    ownNamespace: null,
    metrics: { decided() {}, passed() {} },
    log,
    now: () => 0,
  })
  const body: unknown = JSON.parse(
    readFileSync(new URL('../recordings/pod-create.json', import.meta.url), 'utf8'),
  )
  const timing = { timeoutMs: 700, elapsedMs: 0 }
  const answers = Array.from({ length: 30 }, () => review(body, timing))
  await answers.at(-1)
  t.notOk(signals[0]?.aborted, 'the first still has time when the last is answered')
  await Promise.all(answers)
  t.ok(signals[0]?.aborted)
})

test('what is read in one go has waited since the first of it', async (t) => {
  let nowMs = 1000
  const server = new EventEmitter()
  const waitedMs = timeArrivals(server, () => nowMs)
  t.equal(waitedMs(), 0)
  server.emit('request')
  t.equal(waitedMs(), 0)
  nowMs += 30
  server.emit('request')
  nowMs += 20
  t.equal(waitedMs(), 50)
  await new Promise((resolve) => setImmediate(resolve))
  server.emit('request')
  t.equal(waitedMs(), 0, 'what comes later has not')
})

async function timesGranted(t: Test, requests: number): Promise<(number | null)[]> {
  const granted: (number | null)[] = []
  const names = { hosts: ['127.0.0.1'], nowMs: Date.now(), validDays: 1 }
  const certificate = await createSelfSigned(names)
  const app = buildServer({
    https: certificate,
    async review(_body, { timeoutMs }) {
      granted.push(timeoutMs)
      return { status: 'invalid', reason: 'whatever it is' }
    },
    log,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const ca = certificate.ca
  const client = new Client(`https://127.0.0.1:${port}`, { connect: { ca } })
  t.teardown(async () => {
    await client.destroy()
    await app.close()
  })
  for (let sent = 0; sent < requests; sent++) {
    const path = '/validate?timeout=5s'
    const { body } = await client.request({ method: 'POST', path, body: '{}' })
    await body.dump()
  }
  return granted
}

test('the handshake counts as time of the request that waited for it', async (t) => {
  const [first, ...others] = await timesGranted(t, 3)
  t.ok(typeof first === 'number' && first < 5000 && first > 0, 'less than allowed')
  t.strictSame(others, [5000, 5000], 'all of it on an open connection')
})
