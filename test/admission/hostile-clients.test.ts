import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import { type Test, test } from 'tap'
import { Client } from 'undici'
import { buildServer, renewCertificate } from '../../src/admission/app.ts'
import type { ServerOptions } from '../../src/admission/app.ts'
import { buildHealthServer } from '../../src/admission/health-app.ts'
import type { Log } from '../../src/admission/log.ts'
import { healthLimits, reviewLimits } from '../../src/admission/server-limits.ts'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'

const certificate = await createSelfSigned({
  hosts: ['localhost', '127.0.0.1'],
  nowMs: Date.now(),
  validDays: 1,
})
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }
/** Short enough to be waited for, long enough for a busy machine to serve those who are not slow. */
const hasty = {
  ...reviewLimits,
  handshakeMs: 2_000,
  headersMs: 2_000,
  requestMs: 2_000,
  stalledMs: 2_000,
  checkMs: 200,
}
const answer = {
  status: 'reviewed',
  body: {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'u', allowed: true },
  },
} as const

async function serve(t: Test, overrides: Partial<ServerOptions> = {}) {
  const app = buildServer({
    https: certificate,
    review: async () => answer,
    log: silent,
    ...overrides,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  t.teardown(() => app.close())
  return { app, port }
}

function clientOf(t: Test, port: number): Client {
  const client = new Client(`https://127.0.0.1:${port}`, {
    connect: { ca: certificate.ca },
    allowH2: false,
  })
  t.teardown(() => client.destroy())
  return client
}

async function review(client: Client, body = '{}'): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const options = { path: '/validate?timeout=5s', method: 'POST', headers, body } as const
  const response = await client.request(options)
  await response.body.dump()
  return response.statusCode
}

/** A connection of an attacker's: errors are expected, and its end is what is waited for. */
function attack<S extends Socket>(t: Test, socket: S): S {
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

function dial(t: Test, port: number, options: ConnectionOptions = {}): TLSSocket {
  const { ca } = certificate
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca,
    servername: 'localhost',
    ...options,
  })
  return attack(t, socket)
}

async function closed(socket: Socket): Promise<void> {
  socket.resume()
  await ended(socket)
}

async function ended(socket: Socket): Promise<void> {
  if (socket.closed) return
  await new Promise<void>((done) => void socket.once('close', () => done()))
}

const HEAD = 'POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'

function requestOf(body: string): string {
  const json = JSON.stringify(body)
  return `${HEAD}Content-Length: ${json.length}\r\n\r\n${json}`
}

function large(word: string): string {
  return JSON.stringify(word + 'x'.repeat(700_000))
}

const strong = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
]
const weak = [
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-ECDSA-AES128-CCM8',
  'ECDHE-RSA-AES128-SHA',
  'DHE-RSA-AES128-GCM-SHA256',
  'AES128-GCM-SHA256',
  'AES128-SHA',
  'AES256-SHA256',
  'aNULL',
  'eNULL',
]

async function handshake(t: Test, port: number, cipher: string): Promise<boolean> {
  const isNew = cipher.startsWith('TLS_')
  const version = isNew ? 'TLSv1.3' : 'TLSv1.2'
  const ciphers = isNew ? cipher : `${cipher}:@SECLEVEL=0`
  const options = { minVersion: version, maxVersion: version, ciphers } as const
  const socket = dial(t, port, { ...options, rejectUnauthorized: false })
  const done = await Promise.race([
    once(socket, 'secureConnect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return done
}

test('only ciphers with forward secrecy and authentication are spoken', async (t) => {
  const rsa = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'rsa',
    algorithm: 'sha256',
  })
  const { app, port } = await serve(t)
  for (const renewed of [false, true]) {
    if (renewed) renewCertificate(app, certificate)
    for (const cipher of strong) t.equal(await handshake(t, port, cipher), true, cipher)
    for (const cipher of weak) t.equal(await handshake(t, port, cipher), false, cipher)
  }
  renewCertificate(app, { key: rsa.private, cert: rsa.cert })
  for (const cipher of ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384'])
    t.equal(await handshake(t, port, cipher), true, `${cipher} with an RSA key`)
  for (const cipher of weak)
    t.equal(await handshake(t, port, cipher), false, `${cipher} with an RSA key`)
})

test('no session is resumed, and none is renegotiated', async (t) => {
  const { port } = await serve(t)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const only = { minVersion: version, maxVersion: version }
    const first = dial(t, port, only)
    let session: Buffer | undefined
    first.on('session', (each) => (session = each))
    await once(first, 'secureConnect')
    first.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await closed(first)
    session ??= first.getSession()
    const second = dial(t, port, session === undefined ? only : { ...only, session })
    await once(second, 'secureConnect')
    t.equal(second.isSessionReused(), false, version)
    second.destroy()
  }
  const socket = dial(t, port, { maxVersion: 'TLSv1.2' })
  await once(socket, 'secureConnect')
  const renewed = new Promise<string>((resolve) => {
    socket.renegotiate({}, (error) => resolve(error === null ? 'renewed' : 'refused'))
    socket.on('close', () => resolve('closed'))
  })
  t.not(await renewed, 'renewed')
})

test('whoever is slow is closed, and the others are served', async (t) => {
  const { port } = await serve(t, { limits: hasty })
  const open = async (text: string) => {
    const socket = dial(t, port)
    await once(socket, 'secureConnect')
    socket.write(text)
    return socket
  }
  const drip = (socket: Socket, text: string) => {
    const timer = setInterval(() => socket.write(text), 20)
    socket.on('close', () => clearInterval(timer))
    t.teardown(() => clearInterval(timer))
  }
  const silentOnes = [
    attack(t, connectTcp({ port, host: '127.0.0.1' })),
    attack(t, connectTcp({ port, host: '127.0.0.1' })),
    await open(''),
    await open('POST /val'),
    await open(`${HEAD}Content-Length: 100\r\n\r\n{`),
    await open(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{`),
    await open(`${HEAD}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n`),
  ]
  // The beginning of a ClientHello.
  silentOnes[1]?.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
  const dripping = [await open(HEAD), await open(`${HEAD}Content-Length: 99999\r\n\r\n"`)]
  drip(dripping[0] ?? attack(t, connectTcp({ port })), 'X-A: b\r\n')
  drip(dripping[1] ?? attack(t, connectTcp({ port })), 'x')

  t.equal(await review(clientOf(t, port)), 200)
  await Promise.all([...silentOnes, ...dripping].map(closed))
  t.equal(await review(clientOf(t, port)), 200)
})

test('a client that never reads its answer is closed', async (t) => {
  const warnings = Array.from({ length: 100_000 }, () => 'x'.repeat(200))
  const { response } = answer.body
  const long = {
    ...answer,
    body: { ...answer.body, response: { ...response, warnings } },
  }
  const { app, port } = await serve(t, { review: async () => long, limits: hasty })
  const accepted = once(app.server, 'secureConnection')
  const socket = dial(t, port)
  const [server] = (await accepted) as [TLSSocket]
  const closing = once(server, 'close')
  socket.pause()
  socket.write(`${HEAD}Content-Length: 2\r\n\r\n{}`)

  await closing
  t.equal(server.destroyed, true)
})

test('connections are bounded, and whoever uses one keeps it', async (t) => {
  const limits = { ...reviewLimits, maxConnections: 20 }
  const crowds: [what: string, join: (port: number) => Promise<Socket>][] = [
    [
      'that never greet',
      async (port) => {
        const socket = attack(t, connectTcp({ port, host: '127.0.0.1' }))
        await once(socket, 'connect')
        return socket
      },
    ],
    [
      'that never ask',
      async (port) => {
        const socket = dial(t, port)
        await once(socket, 'secureConnect')
        return socket
      },
    ],
    [
      'that ask once',
      async (port) => {
        const socket = dial(t, port)
        socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        await once(socket, 'data')
        return socket
      },
    ],
  ]
  for (const [what, join] of crowds) {
    const { app, port } = await serve(t, { limits })
    let accepted = 0
    const kept = clientOf(t, port)
    await review(kept)
    app.server.on('connection', () => accepted++)
    const crowd: Socket[] = []
    for (let count = 0; count < 100; count++) {
      crowd.push(await join(port))
      if (count % 10 === 0) t.equal(await review(kept), 200, `a kept one, of ${what}`)
    }
    t.equal(accepted, 100, `the kept one was never closed for those ${what}`)
    t.equal(await review(clientOf(t, port)), 200, `a new one, of ${what}`)
    const open = await new Promise<number>((resolve) =>
      app.server.getConnections((_error, count) => resolve(count)),
    )
    t.ok(open <= 20, `${open} are open`)
    for (const socket of crowd) socket.destroy()
  }
})

test('no review under way is given up for a new connection', async (t) => {
  const release = Promise.withResolvers<void>()
  let under = 0
  const both = Promise.withResolvers<void>()
  const { port } = await serve(t, {
    limits: { ...reviewLimits, maxConnections: 2 },
    async review() {
      if (++under === 2) both.resolve()
      await release.promise
      return answer
    },
  })
  const answers = [review(clientOf(t, port)), review(clientOf(t, port))]
  await both.promise
  await t.rejects(review(clientOf(t, port)), 'there is no place')
  release.resolve()
  t.same(await Promise.all(answers), [200, 200])
  t.equal(await review(clientOf(t, port)), 200, 'there is one again')
})

test('a few pipelined requests are answered in order, many are refused', async (t) => {
  let asked = 0
  const held = Promise.withResolvers<void>()
  const { port } = await serve(t, {
    async review(body) {
      asked++
      if (body === 'held') await held.promise
      return { status: 'invalid', reason: String(body) }
    },
  })
  const few = dial(t, port)
  few.write([1, 2, 3].map((each) => requestOf(`number ${each}`)).join(''))
  let text = ''
  while (!text.includes('number 3'))
    text += String(((await once(few, 'data')) as [Buffer])[0])
  t.same(text.match(/number \d/g), ['number 1', 'number 2', 'number 3'])

  asked = 0
  const many = dial(t, port)
  many.write(requestOf('held').repeat(500))
  await closed(many)
  t.ok(asked < 20, `${asked} were asked`)
  held.resolve()
  t.equal(await review(clientOf(t, port), '"x"'), 400, 'others are served')
})

test('large bodies share a budget, and small ones need none', async (t) => {
  const held = Promise.withResolvers<void>()
  const under = Promise.withResolvers<void>()
  const { port } = await serve(t, {
    limits: { ...reviewLimits, maxLargeBodiesBytes: 1_000_000 },
    async review(body) {
      if (typeof body === 'string' && body.startsWith('held')) {
        under.resolve()
        await held.promise
      }
      return answer
    },
  })
  const send = async (length: number) => {
    const socket = dial(t, port)
    await once(socket, 'secureConnect')
    socket.write(`${HEAD}Content-Length: 5000000\r\n\r\n"${'x'.repeat(length)}`)
    return socket
  }
  const first = await send(700_000)
  const second = await send(600_000)
  const [refusal] = (await Promise.race([once(first, 'data'), once(second, 'data')])) as [
    Buffer,
  ]
  t.match(refusal.toString(), /^HTTP\/1\.1 503 [^]*too many large bodies at once/)
  t.equal(await review(clientOf(t, port)), 200, 'a small one')
  first.destroy()
  second.destroy()
  // What was given up gives its room back, whenever the server comes to know of it.
  let status = 503
  while (status !== 200) status = await review(clientOf(t, port), large(''))

  const judged = review(clientOf(t, port), large('held'))
  await under.promise
  t.equal(await review(clientOf(t, port), large('')), 503, 'one that is judged counts')
  held.resolve()
  t.equal(await judged, 200)
  status = 503
  while (status !== 200) status = await review(clientOf(t, port), large(''))
  t.equal(status, 200, 'and no longer, once it is answered')
})

test('a body is bounded however it is sent', async (t) => {
  const { port } = await serve(t, { limits: { ...reviewLimits, maxBodyBytes: 100_000 } })
  for (const head of ['Content-Length: 9999999999', 'Transfer-Encoding: chunked']) {
    const socket = dial(t, port)
    socket.write(`${HEAD}${head}\r\n\r\n`)
    const flood = setInterval(() => socket.write(`ffff\r\n${'x'.repeat(0xffff)}\r\n`), 5)
    t.teardown(() => clearInterval(flood))
    const [data] = (await once(socket, 'data')) as [Buffer]
    t.match(data.toString(), /^HTTP\/1\.1 413 /, head)
    await closed(socket)
    clearInterval(flood)
  }
  t.equal(await review(clientOf(t, port), '"'.padEnd(90_000, 'x') + '"'), 200)
})

test('the health port closes whoever is slow', async (t) => {
  const app = buildHealthServer({
    ready: () => ({ ready: true }),
    metrics: async () => ({ contentType: 'text/plain', body: 'x'.repeat(4_000_000) }),
    log: silent,
    limits: { ...healthLimits, ...hasty },
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const open = (text: string) => {
    const socket = attack(t, connectTcp({ port, host: '127.0.0.1' }))
    socket.write(text)
    return socket
  }
  const accepted: Socket[] = []
  const all = Promise.withResolvers<void>()
  app.server.on('connection', (socket: Socket) => {
    if (accepted.push(socket) === 5) all.resolve()
  })
  open('')
  open('GET /heal')
  open('POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx')
  open(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`)
  // This one does not read what it asked for.
  open('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5)).pause()
  await all.promise
  await Promise.all(accepted.map(ended))
  t.same(
    accepted.map(({ destroyed }) => destroyed),
    accepted.map(() => true),
  )
})

test('the health port is as careful', async (t) => {
  let made = 0
  const page = Promise.withResolvers<{ contentType: string; body: string }>()
  const app = buildHealthServer({
    ready: () => ({ ready: true }),
    async metrics() {
      made++
      return page.promise
    },
    log: silent,
    limits: { ...healthLimits, maxConnections: 20 },
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const open = (text: string) => {
    const socket = attack(t, connectTcp({ port, host: '127.0.0.1' }))
    socket.write(text)
    return socket
  }
  const get = async (path: string) => {
    const client = new Client(`http://127.0.0.1:${port}`)
    t.teardown(() => client.destroy())
    const response = await client.request({ path, method: 'GET' })
    return [response.statusCode, (await response.body.text()).length]
  }
  const crowd = Array.from({ length: 100 }, () => open(''))
  await Promise.all(crowd.map((socket) => once(socket, 'connect')))
  t.same(await get('/readyz'), [200, 3], 'for all who only hold connections open')

  let waiting = 0
  const all = Promise.withResolvers<void>()
  app.server.on('request', () => {
    if (++waiting === 10) all.resolve()
  })
  const pages = Array.from({ length: 10 }, () => get('/metrics'))
  await all.promise
  page.resolve({ contentType: 'text/plain', body: 'x'.repeat(4_000_000) })
  t.same(
    new Set((await Promise.all(pages)).map(([, length]) => length)),
    new Set([4_000_000]),
  )
  t.equal(made, 1, 'one page serves all who ask at the same time')
  const sockets = await new Promise<number>((resolve) =>
    app.server.getConnections((_error, count) => resolve(count)),
  )
  t.ok(sockets <= 20)
})
