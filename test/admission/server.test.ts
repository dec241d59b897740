import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { connect } from 'node:tls'
import { generate } from 'selfsigned'
import { type Test, test } from 'tap'
import { Client } from 'undici'
import { parseApiTimeoutMs } from '../../src/admission/api-timeout.ts'
import {
  buildServer,
  renewCertificate,
  type ReviewTiming,
  type ServerOptions,
} from '../../src/admission/app.ts'
import { drain } from '../../src/admission/drain.ts'
import { buildHealthServer } from '../../src/admission/health-app.ts'
import type { Log } from '../../src/admission/log.ts'
import { metricCatalogue } from '../../src/admission/metric-catalogue.ts'
import { createMetrics } from '../../src/admission/metrics.ts'
import { createReadiness } from '../../src/admission/readiness.ts'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { Decision } from '../../src/policy/decision.ts'
import { codeBlocks, readDocument, section } from '../docs/markdown.ts'

const certificate = await createSelfSigned({
  hosts: ['localhost', '127.0.0.1'],
  nowMs: Date.now(),
  validDays: 1,
})
const stranger = await createSelfSigned({
  hosts: ['localhost'],
  nowMs: Date.now(),
  validDays: 1,
})
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

async function serve(t: Test, overrides: Partial<ServerOptions> = {}) {
  const reviews: { body: unknown; timing: ReviewTiming }[] = []
  const app = buildServer({
    https: certificate,
    async review(body, timing) {
      reviews.push({ body, timing })
      if (body === 'not a review')
        return { status: 'invalid', reason: 'no\nAdmissionReview' }
      return {
        status: 'reviewed',
        body: {
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid: 'u', allowed: true },
        },
      }
    },
    log: silent,
    ...overrides,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const client = new Client(`https://127.0.0.1:${port}`, {
    connect: { ca: certificate.ca },
    allowH2: true,
  })
  t.teardown(async () => {
    await client.destroy()
    await app.close()
  })
  return { app, client, port, reviews }
}

const post = { path: '/validate', method: 'POST' } as const
const json = { 'content-type': 'application/json' }

test('a review is answered over HTTPS', async (t) => {
  const { client, reviews } = await serve(t)

  const response = await client.request({
    ...post,
    path: '/validate?timeout=5s',
    headers: json,
    body: '{"a":1}',
  })

  t.equal(response.statusCode, 200)
  t.match(response.headers['content-type'], /^application\/json/)
  t.match(await response.body.json(), { response: { uid: 'u', allowed: true } })
  t.match(reviews, [{ body: { a: 1 }, timing: { timeoutMs: Number, elapsedMs: Number } }])
})

test('what is no review gets a status and a reason', async (t) => {
  const { client, reviews } = await serve(t)
  const cases: [
    name: string,
    Partial<Parameters<Client['request']>[0]>,
    number,
    RegExp,
  ][] = [
    ['an invalid review', { body: '"not a review"' }, 400, /^no AdmissionReview$/],
    ['no JSON', { body: '{' }, 400, /^the body is not JSON$/],
    ['no body', { body: null }, 400, /JSON/],
    ['another path', { path: '/mutate', body: '{}' }, 404, /\/validate/],
    ['another method', { method: 'GET', body: null }, 405, /POST/],
    ['PUT', { method: 'PUT', body: '{}' }, 405, /POST/],
    ['too much', { body: `"${'x'.repeat(9 * 1024 * 1024)}"` }, 413, /Too Large/],
  ]
  for (const [name, request, status, message] of cases) {
    const response = await client.request({ ...post, headers: json, ...request })

    t.equal(response.statusCode, status, name)
    t.match(await response.body.json(), { message }, name)
  }
  t.equal(reviews.length, 1, 'and only JSON reaches the reviewer')
})

test('odd bodies are read, not refused', async (t) => {
  const { client, reviews } = await serve(t)
  const bodies: [name: string, headers: Record<string, string>, body: string | Buffer][] =
    [
      ['another content type', { 'content-type': 'text/plain' }, '{"a":1}'],
      ['no content type', {}, '{"a":1}'],
      ['a __proto__ key', json, '{"a":1,"__proto__":{"b":2}}'],
      [
        'invalid UTF-8',
        json,
        Buffer.from([0x7b, 0x22, 0x61, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      ],
      ['deep nesting', json, '['.repeat(10_000) + ']'.repeat(10_000)],
    ]
  for (const [name, headers, body] of bodies) {
    const response = await client.request({ ...post, headers, body })
    await response.body.dump()

    t.equal(response.statusCode, 200, name)
  }
  t.equal(reviews.length, bodies.length)
  t.equal(Object.hasOwn(Object.prototype, 'b'), false)
})

test('a reviewer that fails is answered with 500 and no detail', async (t) => {
  const { client } = await serve(t, {
    review: () => Promise.reject(new Error('password is hunter2')),
  })

  const response = await client.request({ ...post, headers: json, body: '{}' })

  t.equal(response.statusCode, 500)
  t.strictSame(await response.body.json(), { message: 'internal error' })
})

test('the server speaks HTTP/1.1 over TLS 1.2 or later, and nothing else', async (t) => {
  const { client, port } = await serve(t)
  const options = { port, host: '127.0.0.1', ca: certificate.ca, servername: 'localhost' }
  const response = await client.request({ ...post, headers: json, body: '{}' })
  await response.body.dump()
  t.match(
    response.headers['keep-alive'],
    /timeout=120/,
    'idle connections outlive the 90 s of Go',
  )

  const modern = connect({ ...options, ALPNProtocols: ['h2', 'http/1.1'] })
  await once(modern, 'secureConnect')
  t.equal(modern.alpnProtocol, 'http/1.1')
  modern.destroy()

  const old = {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  } as const
  await t.rejects(once(connect({ ...options, ...old }), 'secureConnect'), 'TLS 1.1')

  const plain = connectTcp({ port, host: '127.0.0.1' })
  plain.on('error', () => {})
  plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  plain.resume()
  await once(plain, 'close')
  const again = await client.request({ ...post, headers: json, body: '{}' })
  await again.body.dump()
  t.equal(again.statusCode, 200, 'and garbage on a connection harms no other')
})

test('with a client CA only its clients are let in', async (t) => {
  const clients = await clientCertificate()
  const { port } = await serve(t, {
    https: { ...certificate, clientCa: clients.ca },
  })
  const dial = async (pair: { cert?: string; key?: string }): Promise<number> => {
    const client = new Client(`https://127.0.0.1:${port}`, {
      connect: { ca: certificate.ca, ...pair },
    })
    t.teardown(() => client.destroy())
    const response = await client.request({ ...post, headers: json, body: '{}' })
    await response.body.dump()
    return response.statusCode
  }

  t.equal(await dial({ cert: clients.cert, key: clients.key }), 200, 'its own')
  await t.rejects(dial({}), 'no certificate')
  await t.rejects(dial({ cert: certificate.cert, key: certificate.key }), 'a foreign one')
})

test('a renewed certificate serves new connections', async (t) => {
  const { app, client, port } = await serve(t)
  renewCertificate(app, stranger)

  t.throws(
    () =>
      renewCertificate(app, {
        cert: stranger.cert,
        key: certificate.key,
      }),
    'a pair that does not match is refused',
  )
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: stranger.ca,
    servername: 'localhost',
  })
  await once(socket, 'secureConnect')
  t.ok(socket.authorized)
  socket.destroy()
  await t.rejects(
    client.request({ ...post, headers: json, body: '{}' }),
    'the old CA is history',
  )
})

test('a drain answers what still arrives, then closes', async (t) => {
  const readiness = createReadiness()
  const { promise: release, resolve } = Promise.withResolvers<void>()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { app, client } = await serve(t, {
    draining: () => !readiness.state().ready,
    async review() {
      arrive()
      await release
      return { status: 'invalid', reason: 'slow' }
    },
  })
  const controller = new AbortController()
  const answer = client.request({ ...post, headers: json, body: '{}' })
  await arrived

  const drained = drain({
    readiness,
    servers: [app],
    graceMs: 60_000,
    signal: controller.signal,
    log: silent,
  })
  t.strictSame(readiness.state(), { ready: false, reason: 'shutting down' })
  controller.abort()
  resolve()
  const response = await answer
  await response.body.dump()
  await drained

  t.equal(response.statusCode, 400, 'a review under way is answered')
  t.equal(response.headers.connection, 'close', 'and its connection is not kept')
  t.equal(app.server.listening, false)
})

test('health, readiness and metrics have a plain port of their own', async (t) => {
  const readiness = createReadiness({ start: 'the cluster is not read yet' })
  const metrics = createMetrics({ process })
  const app = buildHealthServer({
    ready: () => readiness.state(),
    metrics: () => metrics.render(),
    log: silent,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const client = new Client(`http://127.0.0.1:${port}`)
  t.teardown(async () => {
    await client.destroy()
    await app.close()
  })
  const get = async (path: string): Promise<[number, string]> => {
    const response = await client.request({ path, method: 'GET' })
    return [response.statusCode, await response.body.text()]
  }

  t.strictSame(await get('/healthz'), [200, 'ok\n'])
  t.strictSame(await get('/readyz'), [503, 'not ready: the cluster is not read yet\n'])
  readiness.set('start', null)
  t.strictSame(await get('/readyz'), [200, 'ok\n'])
  t.equal((await get('/validate'))[0], 404)
  const [status, page] = await get('/metrics')
  t.equal(status, 200)
  for (const [name, { help, type }] of Object.entries(metricCatalogue)) {
    t.ok(page.includes(`# HELP ${name} ${help}\n`), `${name} has its help`)
    t.ok(page.includes(`# TYPE ${name} ${type}\n`), `${name} has its type`)
  }
  t.match(page, /^process_resident_memory_bytes [1-9]/m)
})

test('metrics count decisions, would-be denials and registries', async (t) => {
  let nowMs = 0
  const metrics = createMetrics({
    process: null,
    maxHosts: 2,
    maxNamespaces: 1,
    now: () => nowMs,
  })
  const born = (await metrics.render()).body
  for (const line of [
    'pullgate_unjudged_total{reason="internal-error"} 0',
    'pullgate_config_reloads_total{result="refused"} 0',
  ])
    t.ok(born.includes(line), `there before its first event: ${line}`)
  for (const namespace of ['team-a', 'team-a', 'team-b'])
    metrics.decided({
      decision: wouldDeny,
      namespace,
      operation: 'CREATE',
      durationMs: 20,
    })
  metrics.decided({
    decision: {
      ...wouldDeny,
      action: 'allow',
      images: [],
      exemption: { kind: 'user', reason: 'admin' },
    },
    namespace: 'team-a',
    operation: 'CREATE',
    durationMs: 1,
  })
  metrics.passed('unchanged')
  for (const host of ['a.test', 'b.test', 'c.test', 'd.test', 'a.test'])
    metrics.observer.request({ host, purpose: 'manifest', status: '200', durationMs: 5 })
  metrics.observer.rateLimit({
    host: 'b.test',
    rateLimit: { limit: 100, remaining: 7, windowSeconds: 21_600, source: null },
  })
  metrics.observer.breaker({ host: 'a.test', state: 'open' })
  metrics.observer.breaker({ host: 'e.test', state: 'open' })
  metrics.observer.queue({ host: 'a.test', depth: 12 })
  metrics.observer.paused({ host: 'a.test', untilMs: 1_800_000_000_400 })
  metrics.observer.spared({ host: 'a.test', reason: 'queue-full' })
  metrics.observer.cache({ cache: 'tokens', result: 'hit' })
  metrics.observer.refusedAddress({ host: 'a.test' })
  metrics.observer.unguarded({ host: 'a.test' })
  metrics.certificateExpires(1_800_000_000_000)
  metrics.configurationReloaded('refused')

  const { body } = await metrics.render()

  for (const line of [
    'pullgate_decisions_total{action="warn",cause="ImageNotFound",mode="warn",operation="CREATE"} 3',
    'pullgate_would_deny_total{mode="warn",cause="ImageNotFound",namespace="team-a"} 2',
    'pullgate_would_deny_total{mode="warn",cause="ImageNotFound",namespace="other"} 1',
    'pullgate_findings_total{cause="ImageNotFound",action="deny"} 3',
    'pullgate_unjudged_total{reason="user"} 1',
    'pullgate_unjudged_total{reason="unchanged"} 1',
    'pullgate_admission_duration_seconds_bucket{le="0.025",action="warn"} 3',
    'pullgate_registry_requests_total{host="a.test",purpose="manifest",status="200"} 2',
    'pullgate_registry_requests_total{host="other",purpose="manifest",status="200"} 2',
    'pullgate_ratelimit_limit{host="b.test"} 100',
    'pullgate_ratelimit_remaining{host="b.test"} 7',
    'pullgate_registry_breaker_state{host="a.test"} 2',
    'pullgate_registry_queue_depth{host="a.test"} 12',
    'pullgate_registry_paused_until_timestamp_seconds{host="a.test"} 1800000000',
    'pullgate_registry_spared_total{host="a.test",reason="queue-full"} 1',
    'pullgate_cache_requests_total{cache="tokens",result="hit"} 1',
    'pullgate_guard_refused_total 1',
    'pullgate_guard_unchecked_total 1',
    'pullgate_certificate_expiry_timestamp_seconds 1800000000',
    'pullgate_config_reloads_total{result="refused"} 1',
  ])
    t.ok(body.split('\n').includes(line), line)
  t.notMatch(body, /duration_seconds_count\{action="allow"\}/, 'not what was not judged')
  t.notMatch(body, /breaker_state\{host="other"\}/, "a state of many is nobody's")

  nowMs = 600_001
  metrics.observer.request({
    host: 'b.test',
    purpose: 'manifest',
    status: '200',
    durationMs: 5,
  })
  const later = (await metrics.render()).body
  t.match(later, /ratelimit_limit\{host="b.test"\} 100/, 'somebody still asks it')
  t.notMatch(later, /(?:breaker_state|queue_depth|seconds)\{host="a.test"\}/)
  t.match(later, /requests_total\{host="a.test"/, 'what was counted stays')
})

test('the query of docs/metrics.md for denials counts objects that were denied', async (t) => {
  const { text } = readDocument('docs/metrics.md')
  const [query] = codeBlocks(section(text, '## Denials'))
  const [, name = '', label = ''] =
    /(pullgate_\w+)\{([^}]+)\}/.exec(query?.code ?? '') ?? []
  const metrics = createMetrics({ process: null })
  const counted = async (decision: Decision) => {
    const event = { namespace: 'team-a', operation: 'CREATE', durationMs: 20 }
    metrics.decided({ decision, ...event })
    const lines = (await metrics.render()).body.split('\n')
    const series = lines.filter((line) => line.startsWith(`${name}{`))
    return series.filter((line) => line.includes(label)).map((line) => line.at(-1))
  }
  const images = [imageDecision(), imageDecision()]
  const denied: Decision = { ...wouldDeny, mode: 'enforce', action: 'deny', images }

  t.strictSame(await counted(wouldDeny), [], 'let through')
  t.strictSame(await counted(denied), ['1'], 'once, of two images')
})

test('a registry makes no more series than HTTP has statuses', async (t) => {
  const metrics = createMetrics({ process: null })
  const answered = Array.from({ length: 800 }, (_, index) => String(200 + index))
  for (const status of [...answered, 'error'])
    metrics.observer.request({
      host: 'a.test',
      purpose: 'manifest',
      status,
      durationMs: 5,
    })
  const { body } = await metrics.render()
  const series = body.matchAll(/^pullgate_registry_requests_total\{.*status="(\w+)"\}/gm)
  const statuses = new Set([...series].map(([, status]) => status))
  for (const status of ['200', '401', '404', '429', '503', 'error', 'other'])
    t.ok(statuses.has(status), status)
  t.notOk(statuses.has('999'))
  t.ok(statuses.size < 70, `${statuses.size} series`)
})

test('buckets make a p99 readable: no step from 1 ms to 5 s is wider than 2.5', async (t) => {
  const metrics = createMetrics({ process: null })
  metrics.decided({
    decision: wouldDeny,
    namespace: 'team-a',
    operation: 'CREATE',
    durationMs: 20,
  })
  metrics.observer.request({
    host: 'a.test',
    purpose: 'manifest',
    status: '200',
    durationMs: 5,
  })
  const { body } = await metrics.render()
  for (const name of ['admission_duration', 'registry_request_duration']) {
    const lines = body.matchAll(
      new RegExp(`^pullgate_${name}_seconds_bucket\\{le="([\\d.]+)"`, 'gm'),
    )
    const bounds = [...lines].map(([, le]) => Number(le))
    t.ok(bounds.length > 10, name)
    for (const [at, bound] of bounds.entries()) {
      const next = bounds[at + 1] ?? bound
      if (bound >= 0.001 && bound < 5)
        t.ok(next / bound <= 2.5, `${name}: ${bound} to ${next}`)
    }
  }
})

test('the timeout of the API server is a Go duration', (t) => {
  const cases: [unknown, number | null][] = [
    ['5s', 5000],
    ['10s', 10_000],
    ['0m20.5s', 20_500],
    ['1m30s', 30_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['1h', 30_000],
    ['99999999h', 30_000],
    ['250us', 0.25],
    ['', null],
    ['0s', null],
    ['-5s', null],
    ['5', null],
    ['5 s', null],
    ['5sx', null],
    ['s', null],
    ['9'.repeat(33), null],
    [undefined, null],
    [['5s', '6s'], null],
  ]
  for (const [text, expected] of cases)
    t.equal(parseApiTimeoutMs(text), expected, JSON.stringify(text) ?? 'absent')
  t.end()
})

const wouldDeny: Decision = {
  mode: 'warn',
  action: 'warn',
  enforcing: 'deny',
  exemption: null,
  ceilings: [],
  images: [imageDecision()],
}

function imageDecision(): Decision['images'][number] {
  const leading = {
    action: 'deny',
    finding: {
      cause: 'ImageNotFound',
      certainty: 'certain',
      message: 'It is not there.',
      advice: null,
      doubts: [],
    },
  } as const
  const judged = { ...leading, finding: { ...leading.finding, doubts: [] } }
  return {
    action: 'deny',
    leading: judged,
    findings: [judged],
    prediction: {
      use: {
        image: 'nginx:1.277',
        path: 'spec.containers[0].image',
        container: 'web',
        role: 'container',
        pullPolicy: 'Always',
      },
      reference: null,
      digest: null,
      findings: [judged.finding],
      attempts: [],
    },
  }
}

async function clientCertificate(): Promise<{ ca: string; cert: string; key: string }> {
  const strong = { keyType: 'ec', algorithm: 'sha256' } as const
  const ca = await generate([{ name: 'commonName', value: 'front-proxy-ca' }], {
    ...strong,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  })
  const leaf = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    ...strong,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [{ name: 'extKeyUsage', clientAuth: true }],
  })
  return { ca: ca.cert, cert: leaf.cert, key: leaf.private }
}
