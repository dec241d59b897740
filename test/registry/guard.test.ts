import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:https'
import { array, assert, bigInt, ipV4, ipV6, nat, property, string } from 'fast-check'
import t from 'tap'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import { createAddressGuard, refusedByDefault } from '../../src/registry/address-guard.ts'
import type { Endpoint } from '../../src/registry/endpoint.ts'
import {
  createHttpTransport,
  defaultTransportLimits,
} from '../../src/registry/http-transport.ts'
import type { HttpTransportOptions } from '../../src/registry/http-transport.ts'
import { cidrContains, parseCidr, parseIpAddress } from '../../src/registry/ip-address.ts'
import { createProxyFor } from '../../src/registry/proxy-for.ts'
import type { HttpRequest, Transport } from '../../src/registry/transport.ts'

type Tap = Pick<typeof t, 'teardown'>

interface Told {
  refused: string[]
  unguarded: string[]
}

function guardedTransport(
  test: Tap,
  options: Partial<HttpTransportOptions> = {},
): { transport: Transport; told: Told } {
  const told: Told = { refused: [], unguarded: [] }
  const transport = createHttpTransport({
    network: { allow: [], deny: [] },
    proxy: { httpProxy: null, httpsProxy: null, noProxy: null },
    limits: defaultTransportLimits,
    observer: {
      refusedAddress: ({ host }) => void told.refused.push(host),
      unguarded: ({ host }) => void told.unguarded.push(host),
    },
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
    now: () => performance.now(),
    ...options,
  })
  test.teardown(() => transport.close())
  return { transport, told }
}

function requestTo(address: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  const url = new URL(address)
  const endpoint: Endpoint = {
    baseUrl: url.origin,
    apiPath: '/v2',
    via: 'origin',
    namespace: null,
    capabilities: { resolve: true, pull: true },
    trust: { ca: [], clientCert: null, clientKey: null, skipVerify: false },
    headers: {},
    plainHttpFallback: null,
    operatorChosen: false,
  }
  return {
    method: 'GET',
    url,
    headers: {},
    body: null,
    endpoint,
    operatorChosen: false,
    maxBodyBytes: 1_000,
    signal: AbortSignal.timeout(10_000),
    ...changes,
  }
}

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
  const address = server.address() as AddressInfo
  return address.port
}

await t.test('the built-in list', async (suite) => {
  const guard = createAddressGuard({ allow: [], deny: [] })
  const refused = [
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '::',
    '::1',
    '0:0:0:0:0:0:0:1',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'ff02::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '::ffff:0:127.0.0.1',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    // Teredo stores the client's address inverted: 0x5601_5601 is 169.254.169.254.
    '2001:0:1:2:3:4:5601:5601',
    'registry.acme.test',
    '',
    '127.1',
  ]
  const permitted = [
    '10.0.0.7',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '100.100.100.201',
    '1.1.1.1',
    '168.63.129.17',
    '128.0.0.1',
    '126.255.255.255',
    '170.254.0.1',
    'fd12:3456::1',
    'fc00::1',
    '2606:4700::1111',
    '::ffff:10.0.0.7',
    '64:ff9b::1.1.1.1',
    '2002:a00:7::1',
    '::2:127.0.0.1',
  ]
  for (const address of refused)
    suite.equal(guard.permits(address), false, `refuses ${address}`)
  for (const address of permitted)
    suite.equal(guard.permits(address), true, `permits ${address}`)
})

await t.test('network.allow and network.deny', async (suite) => {
  const cases: [allow: string[], deny: string[], address: string, permits: boolean][] = [
    [['127.0.0.0/8'], [], '127.0.0.1', true],
    [['127.0.0.1'], [], '127.0.0.2', false],
    [['127.0.0.0/8'], [], '::ffff:127.0.0.1', true],
    [['::ffff:127.0.0.0/104'], [], '127.0.0.1', true],
    [['169.254.0.0/16'], [], '64:ff9b::169.254.0.1', true],
    [[], ['10.0.0.0/8'], '10.0.0.7', false],
    [[], ['10.0.0.0/8'], '::ffff:10.0.0.7', false],
    [[], ['10.0.0.0/8'], '2002:a00:7::1', false],
    [['10.1.0.0/16'], ['10.0.0.0/8'], '10.1.2.3', true],
    [['10.1.0.0/16'], ['10.0.0.0/8'], '10.2.2.3', false],
    [['10.0.0.0/8'], ['10.0.0.0/8'], '10.1.2.3', false],
    [['10.0.0.0/8'], ['0.0.0.0/0'], '10.1.2.3', true],
    [['10.0.0.0/8'], ['0.0.0.0/0'], '8.8.8.8', false],
    [[], ['0.0.0.0/0'], '2606:4700::1', true],
    [[], ['::/0'], '2606:4700::1', false],
    [[], ['::/0'], '8.8.8.8', true],
  ]
  for (const [allow, deny, address, permits] of cases) {
    const guard = createAddressGuard({ allow, deny })
    const what = `${address} with allow ${allow.join()} deny ${deny.join()}`
    suite.equal(guard.permits(address), permits, what)
  }
  for (const text of [
    '10.0.0.0/33',
    '10.0.0/8',
    'x',
    '',
    '::/129',
    '1.2.3.4/8/8',
    '::1/-1',
  ])
    suite.throws(
      () => createAddressGuard({ allow: [text], deny: [] }),
      { name: 'RangeError', message: /^network\.allow: "/ },
      text,
    )
})

await t.test('every address', async (suite) => {
  const guard = createAddressGuard({ allow: [], deny: [] })

  await suite.test('is judged without throwing, as text of any kind is', async (test) => {
    assert(property(string({ unit: 'binary' }), (text) => !guard.permits(text)))
    assert(property(ipV6(), (text) => parseIpAddress(text) !== null))
    test.pass()
  })

  await suite.test('of IPv4 fares the same in all its IPv6 forms', async (test) => {
    assert(
      property(ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
        const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
        const forms = [`::ffff:${address}`, `64:ff9b::${hex}`, `2002:${hex}::1`]
        return forms.every((form) => guard.permits(form) === guard.permits(address))
      }),
    )
    const refused = refusedByDefault.filter((cidr) => !cidr.includes(':'))
    assert(
      property(nat(refused.length - 1), bigInt(0n, 0xffff_ffffn), (index, bits) => {
        const cidr = parseCidr(refused[index] ?? '')
        if (cidr === null) return false
        const hostMask = (1n << BigInt(32 - cidr.prefixLength)) - 1n
        const value = (cidr.value & ~hostMask) | (bits & hostMask)
        const text = [24n, 16n, 8n, 0n].map((by) => (value >> by) & 255n).join('.')
        return cidrContains(cidr, { family: 4, value }) && !guard.permits(text)
      }),
    )
    test.pass()
  })
})

await t.test('the transport', async (suite) => {
  let requests = 0
  const port = await listen(
    suite,
    createServer(({ url }, response) => {
      requests++
      if (url === '/close') response.setHeader('connection', 'close')
      response.end('ok')
    }),
  )
  const refusedUrls = [
    `http://registry.acme.test:${port}/`,
    `http://localhost:${port}/`,
    `http://127.0.0.1:${port}/`,
    `http://127.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f.0.0.1:${port}/`,
    `http://0177.0.0.1:${port}/`,
    `http://0:${port}/`,
    `http://[::1]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://[::]:${port}/`,
    'http://169.254.169.254/latest/meta-data/',
    'https://169.254.169.254/',
  ]
  for (const url of refusedUrls) {
    await suite.test(`sends nothing to ${url}`, async (test) => {
      const { transport, told } = guardedTransport(test)
      const answer = await transport.send(requestTo(url))
      test.equal(answer.kind, 'refused-address')
      test.equal(told.refused.length, 1)
    })
  }
  suite.equal(requests, 0)

  await suite.test('sends what the operator chose or allowed', async (test) => {
    const { transport, told } = guardedTransport(test)
    for (const url of [`http://127.0.0.1:${port}/`, `http://r.test:${port}/`]) {
      const chosen = await transport.send(requestTo(url, { operatorChosen: true }))
      test.equal(chosen.kind, 'response')
      const announced = await transport.send(requestTo(url))
      test.equal(announced.kind, 'refused-address', 'a kept connection is not shared')
    }
    test.equal(told.refused.length, 2)
    const network = { allow: ['127.0.0.1/32'], deny: [] }
    const allowed = guardedTransport(test, { network })
    const answer = await allowed.transport.send(requestTo(`http://r.test:${port}/`))
    test.equal(answer.kind, 'response')
  })

  await suite.test('checks each answer of DNS anew (rebinding)', async (test) => {
    let asked = 0
    const { transport } = guardedTransport(test, {
      network: { allow: ['127.0.0.1/32'], deny: [] },
      lookup: async () => {
        const address = ++asked === 1 ? '127.0.0.1' : '169.254.169.254'
        return [{ address, family: 4 }]
      },
    })
    const url = `http://r.test:${port}/close`
    test.equal((await transport.send(requestTo(url))).kind, 'response')
    test.equal((await transport.send(requestTo(url))).kind, 'refused-address')
    test.equal(asked, 2, 'and never looks up twice for one connection')
  })

  await suite.test(
    'connects to the permitted ones of several addresses',
    async (test) => {
      const { transport } = guardedTransport(test, {
        network: { allow: ['127.0.0.1/32'], deny: [] },
        lookup: async () => [
          { address: '::1', family: 6 },
          { address: '127.0.0.2', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ],
      })
      const answer = await transport.send(requestTo(`http://r.test:${port}/`))
      test.equal(answer.kind, 'response')
    },
  )

  await suite.test('keeps no more than its bound of trust domains', async (test) => {
    const { transport } = guardedTransport(test)
    const base = requestTo(`http://r.test:${port}/`, { operatorChosen: true })
    for (let count = 0; count < 70; count++) {
      const trust = { ...base.endpoint.trust, ca: [`# ${count}`] }
      const endpoint = { ...base.endpoint, trust }
      const answer = await transport.send({
        ...base,
        endpoint,
        signal: AbortSignal.timeout(20_000),
      })
      if (answer.kind !== 'response') test.fail(`request ${count}: ${answer.kind}`)
    }
    test.pass('evicted ones close and their successors answer')
  })
})

await t.test('which proxy', async (suite) => {
  const [http, https] = ['http://web.proxy:3128', 'http://tls.proxy:3129']
  const cases: [noProxy: string, url: string, proxied: boolean][] = [
    ['', 'https://a.test', true],
    ['', 'http://a.test', true],
    ['', 'https://localhost', false],
    ['', 'https://localhost:5000', false],
    ['', 'https://127.0.0.9', false],
    ['', 'https://[::1]:5000', false],
    ['', 'https://[::ffff:127.0.0.1]', false],
    ['*', 'https://a.test', false],
    ['x.test, *', 'https://a.test', false],
    ['a.test', 'https://a.test', false],
    ['a.test', 'https://b.a.test', false],
    ['a.test', 'https://ba.test', true],
    ['A.Test', 'https://a.test', false],
    ['.a.test', 'https://a.test', true],
    ['.a.test', 'https://b.a.test', false],
    ['*.a.test', 'https://b.a.test', false],
    ['*.a.test', 'https://a.test', true],
    ['a.test:443', 'https://a.test', false],
    ['a.test:443', 'https://a.test:5000', true],
    ['a.test:5000', 'https://a.test:5000', false],
    ['10.0.0.0/8', 'https://10.9.9.9', false],
    ['10.0.0.0/8', 'https://11.9.9.9', true],
    ['10.0.0.0/8', 'https://a.test', true],
    ['10.0.0.7', 'https://10.0.0.7', false],
    ['10.0.0.7:80', 'http://10.0.0.7', false],
    ['10.0.0.7:80', 'http://10.0.0.7:81', true],
    ['2001:db8::/32', 'https://[2001:db8::1]', false],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]', false],
    ['2001:db8::1', 'https://[2001:db8::1]:5000', false],
    [' , ,:80,', 'https://a.test', true],
  ]
  for (const [noProxy, url, proxied] of cases) {
    const proxy = createProxyFor({ httpProxy: http, httpsProxy: https, noProxy })
    const expected = url.startsWith('https') ? https : http
    const found = proxy(new URL(url))?.origin ?? null
    suite.equal(found, proxied ? expected : null, `${url} with NO_PROXY=${noProxy}`)
  }
  const values: [string | null, string | null][] = [
    ['proxy.test:3128', 'http://proxy.test:3128'],
    ['proxy.test', 'http://proxy.test'],
    ['https://proxy.test', 'https://proxy.test'],
    ['user:secret@proxy.test:1', 'http://proxy.test:1'],
    ['', null],
    [null, null],
    ['http://:0:0', null],
  ]
  for (const [value, expected] of values) {
    const proxy = createProxyFor({ httpProxy: value, httpsProxy: value, noProxy: null })
    const found = proxy(new URL('https://a.test'))
    suite.equal(found && `${found.protocol}//${found.host}`, expected, String(value))
  }
  assert(
    property(array(string({ unit: 'binary' })), (entries) => {
      const proxy = createProxyFor({
        httpProxy: null,
        httpsProxy: entries[0] ?? '',
        noProxy: entries.join(),
      })
      proxy(new URL('https://a.test'))
    }),
  )
})

await t.test('through an HTTP proxy', async (suite) => {
  const { cert, key, ca } = await createSelfSigned({
    hosts: ['registry.acme.test'],
    nowMs: Date.now(),
    validDays: 1,
  })
  const target = await listen(
    suite,
    createTlsServer({ cert, key }, (_, response) => response.end('tls')),
  )
  const seen: { request: string; authorization: string | undefined }[] = []
  const note = ({ method, url, headers }: IncomingMessage): void =>
    void seen.push({
      request: `${method} ${url}`,
      authorization: headers['proxy-authorization'],
    })
  const proxyServer = createServer((request, response) => {
    note(request)
    response.end('forwarded')
  })
  let tunnelStatus = 200
  proxyServer.on('connect', (request: IncomingMessage, socket: Socket) => {
    note(request)
    socket.on('error', () => {})
    if (tunnelStatus !== 200) return socket.end(`HTTP/1.1 ${tunnelStatus} No\r\n\r\n`)
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const upstream = connect(target, '127.0.0.1')
    upstream.on('error', () => {})
    return upstream.pipe(socket).pipe(upstream)
  })
  const port = await listen(suite, proxyServer)
  const url = `http://user:p%40ss@127.0.0.1:${port}`
  const proxy = { httpProxy: url, httpsProxy: url, noProxy: null }
  const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`

  await suite.test('https is tunnelled, and never counts as verified', async (test) => {
    const { transport, told } = guardedTransport(test, { proxy })
    const base = requestTo('https://registry.acme.test/v2/')
    const trust = { ...base.endpoint.trust, ca: [ca] }
    const request = { ...base, endpoint: { ...base.endpoint, trust } }
    const answer = await transport.send(request)
    test.match(answer, { kind: 'response', verified: false })
    test.same(seen.pop(), {
      request: 'CONNECT registry.acme.test:443',
      authorization: basic,
    })
    test.same(told.unguarded, ['registry.acme.test:443'])
    const untrusted = await transport.send(base)
    test.match(untrusted, { kind: 'tls', fault: 'unknown-authority' })
    seen.length = 0
  })

  await suite.test('http is forwarded', async (test) => {
    const { transport } = guardedTransport(test, { proxy })
    const answer = await transport.send(requestTo('http://registry.acme.test/v2/'))
    test.match(answer, { kind: 'response', verified: false })
    test.match(seen.pop(), { request: 'GET http://registry.acme.test/v2/' })
  })

  await suite.test('literal addresses are refused by name', async (test) => {
    const { transport, told } = guardedTransport(test, { proxy })
    const answer = await transport.send(requestTo('http://169.254.169.254/'))
    test.equal(answer.kind, 'refused-address')
    test.same(told, { refused: ['169.254.169.254:80'], unguarded: [] })
    test.equal(seen.length, 0)
  })

  await suite.test('faults are its own, without its password', async (test) => {
    tunnelStatus = 407
    const { transport } = guardedTransport(test, { proxy })
    const refused = await transport.send(requestTo('https://registry.acme.test/'))
    tunnelStatus = 200
    test.match(refused, { kind: 'network', fault: 'proxy-refused', detail: /407/ })
    const closed = `http://user:p%40ss@127.0.0.1:1`
    const down = guardedTransport(test, {
      proxy: { httpProxy: closed, httpsProxy: closed, noProxy: null },
    })
    for (const scheme of ['http', 'https']) {
      const answer = await down.transport.send(
        requestTo(`${scheme}://registry.acme.test/`),
      )
      test.match(answer, { kind: 'network', fault: 'connection-refused' })
      test.match(answer, { detail: /^through the HTTP proxy 127\.0\.0\.1:1: / })
      test.notMatch(JSON.stringify([answer, refused]), /p%40ss|p@ss|user/)
    }
  })
})
