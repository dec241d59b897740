import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { RequestListener, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import t from 'tap'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'
import type { ResolveName } from '../../src/registry/address-guard.ts'
import { classifyFault } from '../../src/registry/classify-fault.ts'
import type { Endpoint, TlsTrust } from '../../src/registry/endpoint.ts'
import {
  createHttpTransport,
  defaultTransportLimits,
} from '../../src/registry/http-transport.ts'
import type { HttpTransportOptions } from '../../src/registry/http-transport.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import type {
  HttpAnswer,
  HttpRequest,
  HttpResponse,
  Transport,
} from '../../src/registry/transport.ts'

const DAY_MS = 86_400_000
const noProxy = { httpProxy: null, httpsProxy: null, noProxy: null }
const systemTrust: TlsTrust = {
  ca: [],
  clientCert: null,
  clientKey: null,
  skipVerify: false,
}

function certificate(hosts: string[], startMs = Date.now()): Promise<SelfSigned> {
  return createSelfSigned({ hosts, nowMs: startMs, validDays: 1 })
}

function transportFor(test: Tap, options: Partial<HttpTransportOptions> = {}): Transport {
  const transport = createHttpTransport({
    network: { allow: [], deny: [] },
    proxy: noProxy,
    limits: defaultTransportLimits,
    observer: silentObserver,
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
    now: () => performance.now(),
    ...options,
  })
  test.teardown(() => transport.close())
  return transport
}

type Tap = Pick<typeof t, 'teardown'>

async function listen(test: Tap, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function serveHttp(test: Tap, handler: RequestListener): Promise<number> {
  return listen(test, createServer(handler))
}

function serveHttps(test: Tap, pair: SelfSigned, extra = {}): Promise<number> {
  const { cert, key } = pair
  return listen(
    test,
    createTlsServer({ cert, key, ...extra }, (_, response) => response.end('ok')),
  )
}

function requestTo(url: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  const endpoint: Endpoint = {
    baseUrl: new URL(url).origin,
    apiPath: '/v2',
    via: 'origin',
    namespace: null,
    capabilities: { resolve: true, pull: true },
    trust: systemTrust,
    headers: {},
    plainHttpFallback: null,
    operatorChosen: true,
  }
  return {
    method: 'GET',
    url: new URL(url),
    headers: {},
    body: null,
    endpoint,
    operatorChosen: true,
    maxBodyBytes: 65_536,
    signal: AbortSignal.timeout(20_000),
    ...changes,
  }
}

function withTrust(url: string, trust: Partial<TlsTrust>): HttpRequest {
  const request = requestTo(url)
  return {
    ...request,
    endpoint: { ...request.endpoint, trust: { ...systemTrust, ...trust } },
  }
}

function faultOf(answer: HttpAnswer): string {
  return 'fault' in answer ? `${answer.kind} ${answer.fault}` : answer.kind
}

async function responseTo(
  transport: Transport,
  request: HttpRequest,
): Promise<HttpResponse> {
  const answer = await transport.send(request)
  if (answer.kind !== 'response')
    throw new Error(`no response: ${JSON.stringify(answer)}`)
  return answer
}

function coded(code: string, message = code, extra = {}): Error {
  return Object.assign(new Error(message), { code, ...extra })
}

function failingLookup(code: string): ResolveName {
  const error = coded(code, `getaddrinfo ${code} r.test`, { syscall: 'getaddrinfo' })
  return () => Promise.reject(error)
}

function hangingLookup(): Promise<never> {
  return new Promise(() => {})
}

async function twoAddresses(): Promise<LookupAddress[]> {
  return [
    { address: '127.0.0.2', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ]
}

await t.test('answers', async (suite) => {
  const seen: { method: string; url: string; encoding: string; body: string }[] = []
  const connections = new Set<unknown>()
  const port = await serveHttp(suite, (request, response) => {
    connections.add(request.socket)
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, encoding: String(headers['accept-encoding']), body })
      response.setHeader('www-authenticate', ['Bearer realm="a"', 'Basic realm="b"'])
      if (url === '/announced') response.writeEarlyHints({ link: '</a>; rel=preload' })
      if (url === '/redirect') response.writeHead(307, { location: '/elsewhere' })
      response.end(method === 'HEAD' ? undefined : 'x'.repeat(1000))
    })
  })
  const base = `http://registry.acme.test:${port}`
  const transport = transportFor(suite)

  await suite.test(
    'holds status, headers on several lines, and the body',
    async (test) => {
      const answer = await responseTo(transport, requestTo(`${base}/v2/a?n=1`))
      test.equal(answer.status, 200)
      test.same(answer.headers['www-authenticate'], [
        'Bearer realm="a"',
        'Basic realm="b"',
      ])
      test.equal(answer.body.length, 1000)
      test.equal(answer.truncated, false)
      test.equal(answer.verified, false, 'plain HTTP is not verified')
      test.match(seen.at(-1), { url: '/v2/a?n=1', encoding: 'identity' })
    },
  )

  await suite.test('are cut at the cap', async (test) => {
    const request = requestTo(`${base}/`, { maxBodyBytes: 10 })
    const cut = await responseTo(transport, request)
    test.same([cut.body.length, cut.truncated], [10, true])
    const whole = await responseTo(transport, { ...request, maxBodyBytes: 1000 })
    test.same([whole.body.length, whole.truncated], [1000, false])
  })

  await suite.test('come after what only announces them', async (test) => {
    const answer = await responseTo(transport, requestTo(`${base}/announced`))
    test.match(answer, { status: 200, headers: { link: undefined } })
    test.equal(answer.body.length, 1000)
  })

  await suite.test('of redirects are handed on, not followed', async (test) => {
    const answer = await responseTo(transport, requestTo(`${base}/redirect`))
    test.match(answer, { status: 307, headers: { location: '/elsewhere' } })
  })

  await suite.test('to HEAD leave the connection open', async (test) => {
    connections.clear()
    for (let count = 0; count < 8; count++)
      await responseTo(transport, requestTo(`${base}/`, { method: 'HEAD' }))
    // undici opens a second one while the first is still being cleared.
    test.ok(connections.size <= 2, `${connections.size} connections`)
  })

  await suite.test('to POST come for the body that was sent', async (test) => {
    await responseTo(transport, requestTo(`${base}/`, { method: 'POST', body: 'a=b' }))
    test.match(seen.at(-1), { method: 'POST', body: 'a=b' })
  })

  await suite.test('are not unpacked', async (test) => {
    const zipped = await serveHttp(test, (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip at all'),
    )
    const answer = await responseTo(transport, requestTo(`http://r.test:${zipped}/`))
    test.equal(answer.body.toString(), 'not gzip at all')
  })
})

await t.test(
  'a kept connection that the server has closed is not a fault',
  async (suite) => {
    let connections = 0
    const server = createTcpServer((socket) => {
      const isFirst = ++connections === 1
      let requests = 0
      socket.on('data', () => {
        if (isFirst && ++requests === 2) socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      })
    })
    const url = `http://registry.acme.test:${await listen(suite, server)}/`
    const transport = transportFor(suite)
    await responseTo(transport, requestTo(url))

    suite.equal((await transport.send(requestTo(url))).kind, 'response')
    suite.equal(connections, 2)
  },
)

await t.test('network faults', async (suite) => {
  const tcp = (onSocket: (socket: Socket) => void): Promise<number> =>
    listen(
      suite,
      createTcpServer((socket) => void socket.once('data', () => onSocket(socket))),
    )
  const closed = createTcpServer()
  const closedPort = await new Promise<number>((resolve) =>
    closed.listen(0, '127.0.0.1', () => resolve((closed.address() as AddressInfo).port)),
  )
  await new Promise((resolve) => closed.close(resolve))
  const short = {
    ...defaultTransportLimits,
    connectTimeoutMs: 600,
    headersTimeoutMs: 600,
  }
  const cases: [string, string, number, Partial<HttpTransportOptions>][] = [
    ['closed port', 'connection-refused', closedPort, {}],
    ['reset', 'connection-reset', await tcp((s) => void s.resetAndDestroy()), {}],
    ['closed without an answer', 'connection-reset', await tcp((s) => void s.end()), {}],
    ['not HTTP', 'protocol-error', await tcp((s) => void s.end('SSH-2.0-x\r\n')), {}],
    ['no answer', 'response-timeout', await tcp(() => {}), { limits: short }],
    [
      'cut within the body',
      'connection-reset',
      await tcp((s) => void s.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab')),
      {},
    ],
    [
      'megabytes of headers',
      'protocol-error',
      await tcp((s) => void s.write(`HTTP/1.1 200 OK\r\na: ${'x'.repeat(99_999)}\r\n`)),
      {},
    ],
    ['no such name', 'name-not-found', 1, { lookup: failingLookup('ENOTFOUND') }],
    [
      'name server down',
      'name-resolution-failed',
      1,
      { lookup: failingLookup('EAI_AGAIN') },
    ],
    [
      'other resolver fault',
      'name-resolution-failed',
      1,
      { lookup: failingLookup('EAI_MEMORY') },
    ],
    ['a name without addresses', 'name-not-found', 1, { lookup: async () => [] }],
    [
      'hanging DNS',
      'name-resolution-failed',
      1,
      { lookup: hangingLookup, limits: short },
    ],
  ]
  for (const [what, fault, port, options] of cases) {
    await suite.test(`${what} is ${fault}`, async (test) => {
      const transport = transportFor(test, options)
      const answer = await transport.send(requestTo(`http://r.test:${port}/`))
      test.match(answer, { kind: 'network', fault, host: `r.test:${port}` })
    })
  }

  await suite.test('a POST that was reset is sent once', async (test) => {
    let connections = 0
    const port = await tcp((socket) => {
      connections++
      socket.resetAndDestroy()
    })
    const request = requestTo(`http://r.test:${port}/`, {
      method: 'POST',
      body: 'p=secret',
    })
    test.equal(
      faultOf(await transportFor(test).send(request)),
      'network connection-reset',
    )
    test.equal(connections, 1)
  })
})

await t.test('a host with several addresses', async (suite) => {
  const port = await serveHttp(suite, (_, response) => response.end('ok'))
  const transport = transportFor(suite, { lookup: twoAddresses })

  suite.equal(
    (await transport.send(requestTo(`http://r.test:${port}/`))).kind,
    'response',
    'is reached at the second when the first refuses',
  )
})

await t.test('interrupted exchanges', async (suite) => {
  const port = await serveHttp(suite, (request, response) => {
    if (request.url === '/drip') response.write('a')
    arrived?.()
  })
  let arrived: (() => void) | null = null
  for (const path of ['/hang', '/drip']) {
    const transport = transportFor(suite)
    const controller = new AbortController()
    arrived = () => controller.abort()
    const { signal } = controller
    const answer = await transport.send(
      requestTo(`http://r.test:${port}${path}`, { signal }),
    )
    suite.same(answer, { kind: 'interrupted' }, path)
  }
  const transport = transportFor(suite)
  const signal = AbortSignal.abort()
  suite.same(await transport.send(requestTo('http://r.test/', { signal })), {
    kind: 'interrupted',
  })
  await transport.close()
  suite.same(await transport.send(requestTo('http://r.test/')), { kind: 'interrupted' })
})

await t.test('a request that still waits for a connection', async (test) => {
  const seen: string[] = []
  const held: ServerResponse[] = []
  const { promise: firstCame, resolve: cameFirst } = Promise.withResolvers<void>()
  const port = await serveHttp(test, (request, response) => {
    seen.push(request.url ?? '')
    if (request.url !== '/first') response.end('ok')
    else {
      held.push(response)
      cameFirst()
    }
  })
  const limits = { ...defaultTransportLimits, connectionsPerOrigin: 1 }
  const transport = transportFor(test, { limits })
  const first = transport.send(requestTo(`http://r.test:${port}/first`))
  await firstCame
  const controller = new AbortController()
  const { signal } = controller
  const waiting = transport.send(requestTo(`http://r.test:${port}/second`, { signal }))
  controller.abort()
  test.same(await waiting, { kind: 'interrupted' }, 'ends with its signal')
  for (const response of held) response.end('ok')
  test.match(await first, { status: 200 }, 'the one before it is not disturbed')
  await responseTo(transport, requestTo(`http://r.test:${port}/third`))
  test.same(seen, ['/first', '/third'], 'is never sent')
})

await t.test('TLS', async (suite) => {
  const good = await certificate(['registry.acme.test'])
  const other = await certificate(['other.acme.test'])
  const expired = await certificate(['registry.acme.test'], Date.now() - 9 * DAY_MS)
  const future = await certificate(['registry.acme.test'], Date.now() + 9 * DAY_MS)
  const host = 'registry.acme.test'

  await suite.test('is verified with the CA of the endpoint', async (test) => {
    const url = `https://${host}:${await serveHttps(test, good)}/`
    const answer = await responseTo(transportFor(test), withTrust(url, { ca: [good.ca] }))
    test.equal(answer.verified, true)
  })

  await suite.test('without verification answers, unverified', async (test) => {
    const url = `https://${host}:${await serveHttps(test, other)}/`
    const answer = await responseTo(
      transportFor(test),
      withTrust(url, { skipVerify: true }),
    )
    test.equal(answer.verified, false)
  })

  await suite.test('sends the client certificate of the endpoint alone', async (test) => {
    const extra = { requestCert: true, rejectUnauthorized: false }
    const { cert, key } = good
    const server = createTlsServer({ cert, key, ...extra }, ({ socket }, response) => {
      const isShown = socket instanceof TLSSocket && socket.getPeerX509Certificate()
      response.end(isShown ? 'shown' : 'none')
    })
    const url = `https://${host}:${await listen(test, server)}/`
    const transport = transportFor(test)
    const client = { clientCert: other.cert, clientKey: other.key }
    const first = await responseTo(
      transport,
      withTrust(url, { ca: [good.ca], ...client }),
    )
    const second = await responseTo(transport, withTrust(url, { ca: [good.ca] }))
    test.same([first.body.toString(), second.body.toString()], ['shown', 'none'])
  })

  await suite.test(
    'with a client key of another certificate is a TLS fault',
    async (test) => {
      const trust = { clientCert: good.cert, clientKey: other.key }
      const answer = await transportFor(test).send(withTrust(`https://${host}/`, trust))
      test.equal(faultOf(answer), 'tls other')
      test.notMatch(JSON.stringify(answer), /PRIVATE KEY/)
    },
  )

  const plain = await serveHttp(suite, (_, response) => response.end('plain'))
  const rude = await listen(
    suite,
    createTcpServer((socket) => void socket.write('220 mail ready\r\n')),
  )
  const faults: [string, string, number, Partial<TlsTrust>][] = [
    ['unknown CA', 'tls unknown-authority', await serveHttps(suite, good), {}],
    [
      'wrong name',
      'tls name-mismatch',
      await serveHttps(suite, other),
      { ca: [other.ca] },
    ],
    ['expired', 'tls expired', await serveHttps(suite, expired), { ca: [expired.ca] }],
    [
      'not yet valid',
      'tls not-yet-valid',
      await serveHttps(suite, future),
      { ca: [future.ca] },
    ],
    ['plain HTTP', 'tls plain-http', plain, {}],
    ['another protocol', 'tls plain-http', rude, {}],
    [
      'too old',
      'tls other',
      await serveHttps(suite, good, {
        minVersion: 'TLSv1.3',
        ciphers: 'TLS_AES_128_CCM_SHA256',
      }),
      { ca: [good.ca] },
    ],
  ]
  for (const [what, fault, port, trust] of faults) {
    await suite.test(`${what} is ${fault}`, async (test) => {
      const answer = await transportFor(test).send(
        withTrust(`https://${host}:${port}/`, trust),
      )
      test.equal(faultOf(answer), fault)
      test.match(answer, { host: `${host}:${port}`, detail: /\S/ })
    })
  }
})

await t.test(
  'faults that no server here can show are read from their errors',
  async (suite) => {
    const cases: [unknown, string][] = [
      [coded('SELF_SIGNED_CERT_IN_CHAIN'), 'tls unknown-authority'],
      [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls unknown-authority'],
      [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'tls unknown-authority'],
      [coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'tls unknown-authority'],
      [
        coded('EPROTO', 'write EPROTO 0:SSL routines::packet length too long'),
        'tls plain-http',
      ],
      [coded('EPROTO', 'write EPROTO 0:SSL routines::tlsv1 alert internal'), 'tls other'],
      [coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'tls other'],
      [coded('ENETUNREACH'), 'network network-unreachable'],
      [coded('EHOSTUNREACH'), 'network network-unreachable'],
      [coded('UND_ERR_CONNECT_TIMEOUT'), 'network connect-timeout'],
      [coded('ERR_SOCKET_BAD_PORT'), 'network invalid-port'],
      [
        new AggregateError([coded('ENETUNREACH'), coded('ECONNREFUSED')]),
        'network connection-refused',
      ],
      [
        Object.assign(new AggregateError([coded('ENETUNREACH'), coded('ETIMEDOUT')]), {
          code: 'ENETUNREACH',
        }),
        'network connect-timeout',
      ],
      [new Error('outer', { cause: coded('CERT_HAS_EXPIRED') }), 'tls expired'],
      ['a string', 'network protocol-error'],
      [undefined, 'network protocol-error'],
    ]
    for (const [error, expected] of cases) {
      const fault = classifyFault(error)
      suite.equal(
        'fault' in fault ? `${fault.kind} ${fault.fault}` : fault.kind,
        expected,
      )
    }
    const hint = 'self-signed certificate; if the root CA is installed locally, try x'
    const hinted = classifyFault(coded('DEPTH_ZERO_SELF_SIGNED_CERT', hint))
    suite.match(hinted, { detail: /^self-signed certificate$/ })
    const loop = coded('X')
    loop.cause = loop
    suite.equal(classifyFault(loop).kind, 'network', 'a cause that is its own cause ends')
    const noisy = classifyFault(coded('ECONNRESET', `\u001b[31m${'x'.repeat(5000)}`))
    suite.ok(
      'detail' in noisy && noisy.detail.length <= 300 && !noisy.detail.includes('\u001b'),
    )
  },
)
