import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { test } from 'tap'
import type { Test } from 'tap'
import type { ServerResponse } from 'node:http'
import { OCI_INDEX, OCI_MANIFEST } from '../../src/registry/media-types.ts'
import { createWorld, deployment, pod } from '../integration/credentials-world.ts'
import { clientOf, endpointOf, requestFor } from '../registry/support/client-of.ts'
import {
  refuse,
  scriptedRegistry,
  sha256,
} from '../registry/support/scripted-registry.ts'
import type { Script } from '../registry/support/scripted-registry.ts'
import { readDocuments } from '../../src/yaml/read-documents.ts'

const HOST = 'registry.acme.test'
const MEGABYTE = 1_048_576
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const hostile = `\u0000\u001b[31mred\u001b]0;title\u0007\r\nSet-Cookie: a\u202eevil\u2066\u200b\u2028${'A'.repeat(MEGABYTE)}`

/** Sends without end until the reader goes away, and tells how much left. */
function flood(
  response: ServerResponse,
  chunk: Buffer | string,
  sent: { bytes: number },
): void {
  const size = Buffer.byteLength(chunk)
  const more = (): void => {
    while (!response.destroyed) {
      sent.bytes += size
      if (!response.write(chunk)) return
    }
  }
  response.on('drain', more).on('error', () => {})
  more()
}

function isHead(line: string): boolean {
  return line.startsWith('HEAD')
}

// What both sockets of a loopback connection buffer, on top of what is read.
const IN_FLIGHT = 16 * MEGABYTE

await test('bodies without end are left where they are cut', async (t) => {
  const cases: [what: string, script: (sent: { bytes: number }) => Script][] = [
    [
      'an index',
      (sent) => (request, response) => {
        response.writeHead(200, {
          'content-type': OCI_INDEX,
          'docker-content-digest': sha256('x'),
        })
        if (isHead(request.line)) return response.end()
        return flood(response, '{"manifests":[{}],'.repeat(4_000), sent)
      },
    ],
    [
      'an error',
      (sent) => (request, response) => {
        response.writeHead(404, { 'content-type': 'application/json' })
        if (isHead(request.line)) return response.end()
        return flood(response, `{"errors":[{"code":"${'x'.repeat(60_000)}`, sent)
      },
    ],
    [
      'a token',
      (sent) => (request, response) => {
        if (!request.line.includes('/token'))
          return refuse(response, 401, '', {
            'www-authenticate': `Bearer realm="http://${request.headers.host}/token"`,
          })
        return flood(response.writeHead(200), `{"token":"${'x'.repeat(60_000)}`, sent)
      },
    ],
    [
      'a page of tags',
      (sent) => (request, response) => {
        if (isHead(request.line)) return response.writeHead(404).end()
        return flood(response.writeHead(200), `{"tags":["${'x'.repeat(60_000)}`, sent)
      },
    ],
  ]
  for (const [what, script] of cases) {
    const sent = { bytes: 0 }
    const registry = await scriptedRegistry(t, script(sent))
    const client = clientOf([endpointOf(registry.baseUrl)])
    t.teardown(() => client.close())
    const { outcome } = await client.lookup(requestFor())
    const tags = await client.tags(requestFor())
    t.ok(sent.bytes > 0, `${what} was asked for`)
    const reads = registry.seen.filter(({ line }) => !isHead(line)).length
    t.ok(sent.bytes < reads * (4.5 * MEGABYTE + IN_FLIGHT), `${what}: ${sent.bytes} sent`)
    t.ok(outcome.length > 0 && tags.outcome !== 'listed', `${what}: ${outcome}`)
  }
})

await test('nothing is unpacked', async (t) => {
  const bomb = gzipSync(Buffer.alloc(64 * MEGABYTE, 0x20))
  const registry = await scriptedRegistry(t, (request, response) => {
    response.writeHead(200, {
      'content-type': OCI_INDEX,
      'content-encoding': 'gzip',
      'content-length': String(bomb.length),
      'docker-content-digest': sha256('x'),
    })
    response.end(isHead(request.line) ? undefined : bomb)
  })
  const client = clientOf([endpointOf(registry.baseUrl)])
  t.teardown(() => client.close())

  t.not((await client.lookup(requestFor())).outcome, 'found')
  t.same(await client.tags(requestFor()), { outcome: 'unavailable' })
  for (const { headers } of registry.seen) t.equal(headers['accept-encoding'], 'identity')
})

/** A body of 200 that is no manifest, whatever else it is. */
const bodies: Record<string, Buffer | string> = {
  'arrays a hundred thousand deep': '['.repeat(100_000) + ']'.repeat(100_000),
  'objects a hundred thousand deep': '{"manifests":'.repeat(100_000),
  'a megabyte of open strings': '"'.repeat(MEGABYTE),
  prototypes:
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"manifests":[{"__proto__":{"digest":"x"},"platform":{"__proto__":{"os":"linux"}}}]}',
  'prototypes in errors':
    '{"errors":[{"__proto__":{"code":"X"},"code":"__proto__","message":"constructor"}],"__proto__":{"errors":[]}}',
  'prototypes in tags':
    '{"tags":["__proto__","constructor","toString"],"__proto__":{"tags":["x"]}}',
  'invalid UTF-8': Buffer.from([
    0x7b, 0x22, 0xff, 0xfe, 0xc0, 0x80, 0x22, 0x3a, 0xed, 0xa0, 0x80, 0x7d,
  ]),
  'a byte order mark': '\ufeff{"manifests":[]}',
  'UTF-16': Buffer.from('{"manifests":[]}', 'utf16le'),
  'huge numbers':
    '{"schemaVersion":1e999,"manifests":[{"size":-1e999,"digest":9007199254740993}]}',
  'a number of a megabyte': `{"size":${'9'.repeat(MEGABYTE)}}`,
  NUL: '\u0000'.repeat(1_000),
  nothing: '',
  'a million entries': `{"manifests":[${'{},'.repeat(300_000)}{}]}`,
}

await test('a body of any shape is an answer, never a fault, and changes no prototype', async (t) => {
  for (const [what, body] of Object.entries(bodies)) {
    for (const status of [200, 401, 403, 404, 418, 500]) {
      const registry = await scriptedRegistry(t, (request, response) => {
        response.writeHead(status, {
          'content-type': OCI_INDEX,
          'docker-content-digest': sha256(body.toString()),
          'www-authenticate': `Bearer realm="http://${request.headers.host}/token"`,
        })
        response.end(isHead(request.line) ? undefined : body)
      })
      const client = clientOf([endpointOf(registry.baseUrl)])
      t.teardown(() => client.close())
      await t.resolves(client.lookup(requestFor()), `${what} with ${status}`)
      await t.resolves(client.tags(requestFor()), `${what} as tags with ${status}`)
      t.ok(registry.seen.length < 16, `${what}: ${registry.seen.length} requests`)
    }
  }
  t.notOk('polluted' in {})
})

await test('megabytes of headers end the exchange', async (t) => {
  const sent = { bytes: 0 }
  const server = createTcpServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const line = `x-header: ${'x'.repeat(8_000)}\r\n`
        const more = (): void => {
          while (!socket.destroyed && sent.bytes < 256 * MEGABYTE) {
            sent.bytes += line.length
            if (!socket.write(line)) return
          }
        }
        socket.on('drain', more)
        more()
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const client = clientOf([endpointOf(`http://127.0.0.1:${port}`)])
  t.teardown(() => client.close())

  t.match(await client.lookup(requestFor()), { outcome: 'unreachable' })
  t.ok(sent.bytes < 4 * IN_FLIGHT, `${sent.bytes} sent`)
})

await test('ten thousand pages of tags are not turned, nor links in a circle', async (t) => {
  for (const next of [(page: number) => page + 1, () => 1, (page: number) => page]) {
    const registry = await scriptedRegistry(t, (request, response) => {
      const page = Number(/[?&]last=(\d+)/.exec(request.line)?.[1] ?? 0)
      const path = request.line.split(' ')[1]?.split('?')[0]
      response.setHeader('link', `<${path}?n=1&last=${next(page)}>; rel="next"`)
      response.end(JSON.stringify({ tags: [`v${page}`] }))
    })
    const client = clientOf([endpointOf(registry.baseUrl)])
    t.teardown(() => client.close())
    const tags = await client.tags(requestFor())
    t.match(tags, { outcome: 'listed', complete: false })
    t.ok(registry.seen.length <= 10, `${registry.seen.length} pages`)
  }
})

await test('redirects in a circle end', async (t) => {
  const registry = await scriptedRegistry(t, (_request, response, attempt) => {
    response.writeHead(307, { location: `/v2/next/${attempt}` }).end()
  })
  const client = clientOf([endpointOf(registry.baseUrl)])
  t.teardown(() => client.close())

  t.match(await client.lookup(requestFor()), { fault: 'too-many-redirects' })
  t.equal(registry.seen.length, 10)
})

interface Shown {
  lines: string[]
}

/** What the API server and a terminal get when the registry answers so. */
async function shownFor(t: Test, script: Script): Promise<Shown> {
  const registry = await scriptedRegistry(t, script)
  const world = await createWorld(t, { endpoints: { [HOST]: registry.baseUrl } })
  const lines: string[] = []
  for (const object of [pod(`${HOST}/team/app:1`), deployment(`${HOST}/team/app:1`)]) {
    const { message, warnings } = await world.apply(object)
    lines.push(...message.split('\n'), ...warnings)
    const report = await world.report(object)
    lines.push(report.message, report.advice)
    for (const { message: text, advice, doubts } of report.findings)
      lines.push(text, advice, ...doubts)
    lines.push(
      ...report.attempts.flatMap(({ credential, answer }) => [credential, answer]),
    )
  }
  lines.push(...world.told().split('\n'))
  return { lines: lines.filter((line) => typeof line === 'string') }
}

await test('what reaches a terminal or the API is clean and short', async (t) => {
  const errors = JSON.stringify({
    errors: [{ code: hostile, message: hostile, detail: hostile }, { code: '\u001b[2J' }],
  })
  const answers: Record<string, Script> = {
    ...Object.fromEntries(
      [400, 403, 404, 418, 429, 451, 500].map((status) => [
        `${status} with a megabyte of control characters`,
        ((_request, response) => {
          response.writeHead(status, { 'content-type': 'application/json' }).end(errors)
        }) satisfies Script,
      ]),
    ),
    'a challenge': (_request, response) =>
      refuse(response, 401, '', {
        'www-authenticate': `Bearer realm="http://a\u009b31m.test/",error="\u009b2J${'e'.repeat(9_000)}"`,
      }),
    'a media type': (request, response) => {
      response.writeHead(200, {
        'content-type': `application/\u009b31m${'x'.repeat(9_000)}`,
        'docker-content-digest': sha256('x'),
      })
      response.end(isHead(request.line) ? undefined : 'x')
    },
    'a redirect': (_request, response) =>
      response
        .writeHead(307, { location: `http://evil.invalid/\u009b31m${'x'.repeat(9_000)}` })
        .end(),
    tags: (request, response) => {
      if (request.line.includes('/tags/list'))
        return response.end(
          JSON.stringify({ tags: ['1.0', hostile, '\u001b[2J', '1\n2', '1.1'] }),
        )
      return refuse(response, 404, 'MANIFEST_UNKNOWN')
    },
    platforms: (request, response) => {
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [
          {
            digest: sha256('x'),
            mediaType: OCI_MANIFEST,
            size: 1,
            platform: { os: '\u001b[31mlinux', architecture: hostile, variant: '\u202e' },
          },
        ],
      })
      response.writeHead(200, {
        'content-type': OCI_INDEX,
        'docker-content-digest': sha256(body),
      })
      response.end(isHead(request.line) ? undefined : body)
    },
  }
  for (const [what, script] of Object.entries(answers)) {
    const { lines } = await shownFor(t, script)
    t.ok(lines.length > 0, what)
    t.same(
      lines.filter((line) => UNPRINTABLE.test(line)).map((line) => line.slice(0, 200)),
      [],
      what,
    )
    t.ok(Math.max(...lines.map(({ length }) => length)) < 32_768, `${what}: bounded`)
    t.notMatch(lines.join('\n'), /A{1000}/, `${what}: cut`)
  }
})

await test('YAML from outside neither explodes nor pollutes', (t) => {
  const laughs = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
  for (let level = 1; level < 12; level++) {
    const [name, before] = ['abcdefghijkl'[level], 'abcdefghijkl'[level - 1]]
    laughs.push(
      `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join()}]`,
    )
  }
  const cases: Record<string, string> = {
    'an alias bomb': laughs.join('\n'),
    'a circle': 'a: &a [*a]',
    'a deep flow': '['.repeat(50_000),
    'a deep block': Array.from(
      { length: 2_000 },
      (_, level) => `${' '.repeat(level)}a:`,
    ).join('\n'),
    prototypes: '__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}',
    'merged prototypes': 'a: &a {__proto__: {polluted: 1}}\nb: {<<: *a}',
    'control characters': 'a: "\\0\\x1b[31m\\u202e"\nb: \u0007',
    'a tag that constructs': 'a: !!js/function "x"\nb: !!binary AAAA',
    'a huge scalar': `a: ${'x'.repeat(MEGABYTE)}`,
  }
  for (const [what, text] of Object.entries(cases)) {
    let read: unknown
    t.doesNotThrow(() => (read = readDocuments(text)), what)
    t.ok(read !== undefined)
  }
  t.notOk('polluted' in {})
  t.end()
})
