import { test } from 'tap'
import type { Test } from 'tap'
import type { ServerResponse } from 'node:http'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  MANIFEST_ACCEPT,
  MAX_MANIFEST_BYTES,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/registry/media-types.ts'
import type { LookupResult } from '../../src/registry/lookup.ts'
import type { Question } from '../../src/registry/question.ts'
import { followRedirect } from '../../src/registry/redirects.ts'
import type { HttpResponse } from '../../src/registry/transport.ts'
import { clientOf, endpointOf, requestFor } from './support/client-of.ts'
import { tappedTransport } from './support/tapped-transport.ts'
import {
  refuse,
  scriptedRegistry,
  serveManifest,
  sha256,
} from './support/scripted-registry.ts'
import type { SeenRequest } from './support/scripted-registry.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'

const IMAGE = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] })
const TAG_LINE = '/v2/team/app/manifests/1.0'
const HEAD = `HEAD ${TAG_LINE}`
const GET = `GET ${TAG_LINE}`

type Answer = (request: SeenRequest, response: ServerResponse, attempt: number) => void

const found: Answer = (request, response) =>
  serveManifest(request, response, { body: IMAGE, mediaType: OCI_MANIFEST })

await test('a tag that is there costs one HEAD with exactly the Accept list of containerd', async (t) => {
  const registry = await scriptedRegistry(t, found)

  const result = await clientOf([endpointOf(registry.baseUrl)]).lookup(requestFor())

  t.same(registry.lines(), [HEAD])
  t.equal(registry.seen[0]?.headers.accept, MANIFEST_ACCEPT)
  t.equal(registry.seen[0]?.headers['user-agent'], 'pullgate/0.0.0')
  t.match(result, {
    outcome: 'found',
    digest: sha256(IMAGE),
    mediaType: OCI_MANIFEST,
    sizeBytes: IMAGE.length,
    kind: 'image',
    evidence: {
      registry: 'registry.acme.test',
      request: `HEAD ${registry.baseUrl}${TAG_LINE}`,
      status: 200,
      via: 'origin',
      access: 'open',
      requests: 1,
      redirected: false,
    },
  })
})

const status =
  (code: number, error = '', headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    refuse(response, code, error, headers)

const manifest =
  (
    mediaType: string,
    headers: Record<string, string | null> = {},
    body = IMAGE,
  ): Answer =>
  (request, response) =>
    serveManifest(request, response, { body, mediaType, headers })

const first =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (request, response, attempt) =>
    attempt === 1
      ? refuse(response, code, '', headers)
      : found(request, response, attempt)

const table: {
  name: string
  answer: Answer
  expected: Record<string, unknown>
  lines: string[]
}[] = [
  {
    name: '404 MANIFEST_UNKNOWN is a missing manifest',
    answer: status(404, 'MANIFEST_UNKNOWN'),
    expected: {
      outcome: 'not-found',
      missing: 'manifest',
      evidence: { errors: [{ code: 'MANIFEST_UNKNOWN' }] },
    },
    lines: [HEAD, GET],
  },
  {
    name: '404 NAME_UNKNOWN is a missing repository',
    answer: status(404, 'NAME_UNKNOWN'),
    expected: { outcome: 'not-found', missing: 'repository', evidence: { status: 404 } },
    lines: [HEAD, GET],
  },
  {
    name: 'a GET that finds what HEAD did not changes no verdict, and is a doubt',
    answer: (request, response, attempt) =>
      request.line.startsWith('HEAD')
        ? refuse(response, 404)
        : found(request, response, attempt),
    expected: {
      outcome: 'not-found',
      missing: 'manifest',
      evidence: {
        status: 404,
        doubts: ['Asked once more, a moment later, it answered 200.'],
      },
    },
    lines: [HEAD, GET],
  },
  {
    name: '403 is forbidden, with the codes of the registry',
    answer: status(403, 'DENIED'),
    expected: {
      outcome: 'forbidden',
      evidence: { errors: [{ code: 'DENIED', message: 'why' }] },
    },
    lines: [HEAD, GET],
  },
  {
    name: '401 without a challenge has no remedy',
    answer: status(401),
    expected: { outcome: 'unauthorized', reason: 'no-challenge', credentialSent: false },
    lines: [HEAD],
  },
  {
    name: '401 with an unsupported challenge has no remedy',
    answer: status(401, '', { 'www-authenticate': 'Digest realm="x", nonce="y"' }),
    expected: { outcome: 'unauthorized', reason: 'no-challenge' },
    lines: [HEAD],
  },
  {
    name: '405 turns HEAD into GET',
    answer: (request, response, attempt) =>
      request.line.startsWith('HEAD')
        ? refuse(response, 405)
        : found(request, response, attempt),
    expected: { outcome: 'found', digest: sha256(IMAGE), sizeBytes: IMAGE.length },
    lines: [HEAD, GET],
  },
  {
    name: '405 twice is unexpected',
    answer: status(405),
    expected: { outcome: 'unexpected-status', evidence: { status: 405 } },
    lines: [HEAD, GET],
  },
  {
    name: '408 is repeated once',
    answer: first(408),
    expected: { outcome: 'found' },
    lines: [HEAD, HEAD],
  },
  {
    name: '408 twice is unexpected',
    answer: status(408),
    expected: { outcome: 'unexpected-status', evidence: { status: 408 } },
    lines: [HEAD, HEAD],
  },
  {
    name: '429 is answered at once with its Retry-After',
    answer: status(429, '', { 'retry-after': '7' }),
    expected: { outcome: 'rate-limited', stage: 'manifest', retryAfterMs: 7000 },
    lines: [HEAD],
  },
  ...[500, 503, 504].map((code) => ({
    name: `${code} is repeated once`,
    answer: first(code),
    expected: { outcome: 'found' },
    lines: [HEAD, HEAD],
  })),
  {
    name: '500 twice is unexpected',
    answer: status(500),
    expected: { outcome: 'unexpected-status', evidence: { status: 500 } },
    lines: [HEAD, HEAD],
  },
  ...[502, 400, 406, 410, 412, 451, 304].map((code) => ({
    name: `${code} is never repeated`,
    answer: status(code),
    expected: { outcome: 'unexpected-status', evidence: { status: code } },
    lines: [HEAD],
  })),
  {
    name: 'a redirect without a target is unexpected',
    answer: status(302),
    expected: { outcome: 'unexpected-status', evidence: { status: 302 } },
    lines: [HEAD],
  },
  {
    name: 'a missing digest header costs a GET',
    answer: manifest(OCI_MANIFEST, { 'docker-content-digest': null }),
    expected: { outcome: 'found', digest: sha256(IMAGE), evidence: { requests: 2 } },
    lines: [HEAD, GET],
  },
  {
    name: 'a missing length costs a GET',
    answer: (request, response) => {
      response.setHeader('transfer-encoding', 'chunked')
      serveManifest(request, response, {
        body: IMAGE,
        mediaType: OCI_MANIFEST,
        headers: { 'content-length': null },
      })
    },
    expected: { outcome: 'found', digest: sha256(IMAGE), sizeBytes: IMAGE.length },
    lines: [HEAD, GET],
  },
  {
    name: 'a digest header that is no digest makes the manifest unusable',
    answer: manifest(OCI_MANIFEST, { 'docker-content-digest': 'sha256:zz' }),
    expected: { outcome: 'unusable', fault: 'digest-mismatch' },
    lines: [HEAD],
  },
  {
    name: 'a body that is not what the digest header says is unusable',
    answer: (request, response) =>
      request.line.startsWith('HEAD')
        ? refuse(response, 405)
        : serveManifest(request, response, {
            body: IMAGE,
            mediaType: OCI_MANIFEST,
            headers: { 'docker-content-digest': sha256('other') },
          }),
    expected: { outcome: 'unusable', fault: 'digest-mismatch' },
    lines: [HEAD, GET],
  },
  {
    name: 'a manifest larger than containerd takes is unusable',
    answer: (_request, response) => {
      response.writeHead(200, {
        'content-type': OCI_MANIFEST,
        'docker-content-digest': sha256(IMAGE),
        'content-length': String(MAX_MANIFEST_BYTES + 1),
      })
      response.end()
    },
    expected: {
      outcome: 'unusable',
      fault: 'too-large',
      sizeBytes: MAX_MANIFEST_BYTES + 1,
    },
    lines: [HEAD],
  },
  {
    name: 'a Docker manifest is an image, parameters of its type notwithstanding',
    answer: manifest(`${DOCKER_MANIFEST}; charset=utf-8`),
    expected: { outcome: 'found', kind: 'image', mediaType: DOCKER_MANIFEST },
    lines: [HEAD],
  },
  ...[DOCKER_SCHEMA1, 'text/plain; charset=utf-8'].map((mediaType) => ({
    name: `${mediaType} is schema 1`,
    answer: manifest(mediaType),
    expected: { outcome: 'unusable', fault: 'schema1' },
    lines: [HEAD],
  })),
  {
    name: 'HTML is a web page',
    answer: manifest('text/html; charset=utf-8', { 'docker-content-digest': null }),
    expected: { outcome: 'unusable', fault: 'web-page', mediaType: 'text/html' },
    lines: [HEAD, GET],
  },
  {
    name: 'application/json is no manifest',
    answer: manifest('application/json'),
    expected: {
      outcome: 'unusable',
      fault: 'content-type',
      mediaType: 'application/json',
    },
    lines: [HEAD],
  },
  {
    name: 'an index type with the body of a manifest is bad',
    answer: manifest(OCI_INDEX),
    expected: { outcome: 'unusable', fault: 'bad-manifest' },
    lines: [HEAD, `GET /v2/team/app/manifests/${sha256(IMAGE)}`],
  },
]

for (const { name, answer, expected, lines } of table) {
  await test(name, async (t) => {
    const registry = await scriptedRegistry(t, answer)

    const result = await clientOf([endpointOf(registry.baseUrl)]).lookup(requestFor())

    t.match(result, expected)
    t.same(registry.lines(), lines)
    t.equal(result.evidence.requests, lines.length)
  })
}

await test('where GETs are counted none is sent', async (t) => {
  const answers: [string, Answer, Partial<LookupResult>][] = [
    ['404', status(404), { outcome: 'not-found' }],
    ['403', status(403), { outcome: 'forbidden' }],
    ['405', status(405), { outcome: 'unexpected-status' }],
    [
      'no digest',
      manifest(OCI_MANIFEST, { 'docker-content-digest': null }),
      { outcome: 'found', digest: '' },
    ],
    [
      'an index',
      manifest(DOCKER_LIST),
      { outcome: 'found', kind: 'index', platforms: null },
    ],
  ]
  for (const [name, answer, expected] of answers) {
    const registry = await scriptedRegistry(t, answer)
    const client = clientOf([endpointOf(registry.baseUrl)], { countsManifestGets: true })

    t.match(await client.lookup(requestFor()), expected, name)
    t.same(registry.lines(), [HEAD], name)
    t.equal(await client.imagePlatform(requestFor(), sha256(IMAGE)), null, name)
    t.same(registry.lines(), [HEAD], name)
  }
})

await test('a digest is looked for among manifests, then among blobs', async (t) => {
  const digest = sha256(IMAGE)
  const registry = await scriptedRegistry(t, status(404))

  const result = await clientOf([endpointOf(registry.baseUrl)]).lookup(requestFor(digest))

  t.match(result, { outcome: 'not-found' })
  t.same(registry.lines().slice(0, 2), [
    `HEAD /v2/team/app/manifests/${digest}`,
    `HEAD /v2/team/app/blobs/${digest}`,
  ])
})

await test('quota headers are read, told and carried as evidence', async (t) => {
  const registry = await scriptedRegistry(
    t,
    manifest(OCI_MANIFEST, {
      'ratelimit-limit': '100;w=21600',
      'ratelimit-remaining': '3;w=21600',
      'docker-ratelimit-source': '192.0.2.7',
    }),
  )
  const told: unknown[] = []
  const observer = {
    ...silentObserver,
    request: (event: unknown) => told.push(event),
    rateLimit: (event: unknown) => told.push(event),
  }
  const quota = { limit: 100, remaining: 3, windowSeconds: 21600, source: '192.0.2.7' }

  const client = clientOf([endpointOf(registry.baseUrl)], { observer, now: () => 5 })
  const result = await client.lookup(requestFor())

  t.same(result.evidence.rateLimit, quota)
  t.same(told, [
    { host: registry.host, purpose: 'manifest', status: '200', durationMs: 0 },
    { host: registry.host, rateLimit: quota },
  ])
})

const basic: Answer = (request, response) => {
  if (request.headers.authorization === undefined) {
    return refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
  }
  response.writeHead(307, { location: '/elsewhere' })
  response.end()
}

const redirectTo = (location: string): HttpResponse => ({
  kind: 'response',
  status: 307,
  headers: { location },
  body: Buffer.alloc(0),
  truncated: false,
  verified: true,
})

await test('redirects', async (t) => {
  const credential = { username: 'robot', password: 'MARK-password' }
  await t.test('keep HEAD and the credential on the same host', async (child) => {
    const registry = await scriptedRegistry(child, (request, response, attempt) =>
      request.line.endsWith('/elsewhere')
        ? found(request, response, attempt)
        : basic(request, response, attempt),
    )

    const result = await clientOf([endpointOf(registry.baseUrl)]).lookup(
      requestFor('1.0', credential),
    )

    child.match(result, {
      outcome: 'found',
      evidence: { redirected: true, servedBy: null, requests: 3 },
    })
    child.equal(registry.lines()[2], 'HEAD /elsewhere')
    child.type(registry.seen[2]?.headers.authorization, 'string')
  })

  await t.test('take no credential and no exemption to another host', async (child) => {
    const other = await scriptedRegistry(child, found)
    const elsewhere = other.baseUrl.replace('127.0.0.1', 'localhost')
    const registry = await scriptedRegistry(child, (request, response) => {
      if (request.headers.authorization === undefined) return basic(request, response, 0)
      response.writeHead(302, { location: `${elsewhere}/x?signature=1` })
      response.end()
    })
    const transport = tappedTransport()
    const endpoint = endpointOf(registry.baseUrl, { headers: { 'x-key': 'MARK-header' } })

    const result = await clientOf([endpoint], { transport }).lookup(
      requestFor('1.0', credential),
    )

    child.match(result, {
      outcome: 'found',
      evidence: {
        redirected: true,
        servedBy: new URL(elsewhere).host,
        request: `HEAD ${elsewhere}/x`,
      },
    })
    child.equal(other.seen[0]?.headers.authorization, undefined)
    child.equal(other.seen[0]?.headers['x-key'], undefined)
    child.same(
      transport.sent.map(({ operatorChosen }) => operatorChosen),
      [true, true, false],
    )
  })

  await t.test(
    'take no credential off TLS, nor back to where they came from',
    async (child) => {
      const targets: [from: string, location: string, keeps: boolean][] = [
        ['https://registry.acme.test/v2/', 'http://registry.acme.test/x', false],
        ['https://registry.acme.test/v2/', 'https://registry.acme.test:8443/x', true],
        ['https://registry.acme.test/v2/', 'https://cdn.registry.acme.test/x', true],
        ['https://registry.acme.test/v2/', 'https://acme.test/x', false],
        ['https://registry.acme.test/v2/', 'https://evilregistry.acme.test/x', false],
        ['https://10.0.0.7/v2/', 'https://1.10.0.0.7/x', false],
        ['http://registry.acme.test/v2/', 'https://registry.acme.test/x', true],
      ]
      for (const [from, location, keeps] of targets) {
        const question: Question = {
          purpose: 'manifest',
          method: 'HEAD',
          url: new URL(from),
          headers: {},
          privateHeaders: { authorization: 'Basic MARK' },
          body: null,
          endpoint: endpointOf(from),
          operatorChosen: false,
          maxBodyBytes: 1,
          signal: new AbortController().signal,
        }
        const next = followRedirect(question, question, redirectTo(location))
        child.equal(next?.privateHeaders.authorization, keeps ? 'Basic MARK' : undefined)
        if (next === null || keeps) continue
        const back = followRedirect(question, next, redirectTo(from))
        child.same(back?.privateHeaders, {}, 'dropped for good')
      }
    },
  )

  await t.test('end after ten requests, as with containerd', async (child) => {
    const registry = await scriptedRegistry(child, (_request, response) => {
      response.writeHead(302, { location: '/again' })
      response.end()
    })

    const result = await clientOf([endpointOf(registry.baseUrl)]).lookup(requestFor())

    child.match(result, {
      outcome: 'unreachable',
      fault: 'too-many-redirects',
      target: 'registry',
    })
    child.equal(registry.seen.length, 10)
  })

  await t.test('to a refused address say so', async (child) => {
    const registry = await scriptedRegistry(child, (_request, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/latest' })
      response.end()
    })
    const transport = tappedTransport(({ url, operatorChosen }) =>
      operatorChosen ? null : { kind: 'refused-address', host: `${url.host}:80` },
    )

    const result = await clientOf([endpointOf(registry.baseUrl)], { transport }).lookup(
      requestFor(),
    )

    child.match(result, {
      outcome: 'refused-address',
      target: 'redirect',
      host: '169.254.169.254:80',
    })
  })
})

const host = (t: Test, answer: Answer) => scriptedRegistry(t, answer)

const mirrorOf = (baseUrl: string, resolve = true) =>
  endpointOf(baseUrl, {
    via: 'mirror',
    namespace: 'registry.acme.test',
    capabilities: { resolve, pull: true },
  })

await test('several hosts', async (t) => {
  await t.test('are asked in order, mirrors with ns, until one has it', async (child) => {
    const mirror = await host(child, status(404))
    const origin = await host(child, found)

    const client = clientOf([mirrorOf(mirror.baseUrl), endpointOf(origin.baseUrl)])
    const result = await client.lookup(requestFor())

    child.match(result, { outcome: 'found', evidence: { via: 'origin', requests: 2 } })
    child.same(mirror.lines(), [`${HEAD}?ns=registry.acme.test`])
  })

  await t.test(
    'that may not resolve are left out for tags and asked for digests',
    async (child) => {
      const mirror = await host(child, found)
      const origin = await host(child, found)
      const client = clientOf([
        mirrorOf(mirror.baseUrl, false),
        endpointOf(origin.baseUrl),
      ])

      await client.lookup(requestFor())
      child.same([mirror.seen.length, origin.seen.length], [0, 1])

      const result = await client.lookup(requestFor(sha256(IMAGE)))
      child.same([mirror.seen.length, origin.seen.length], [1, 1])
      child.equal(result.evidence.via, 'mirror')
    },
  )

  await t.test(
    'report the most advanced failure, and doubt a refusal beside a passing one',
    async (child) => {
      const cases: [Answer, Answer, string, boolean][] = [
        [status(404), status(403), 'forbidden', false],
        [status(403), status(404), 'forbidden', false],
        [status(502), status(404), 'unexpected-status', false],
        [
          status(401, '', { 'www-authenticate': 'Basic realm="m"' }),
          status(404),
          'not-found',
          false,
        ],
        [status(404), status(404), 'not-found', false],
      ]
      for (const [one, two, outcome, doubted] of cases) {
        const mirror = await host(child, one)
        const origin = await host(child, two)
        const client = clientOf([mirrorOf(mirror.baseUrl), endpointOf(origin.baseUrl)])

        const result = await client.lookup(requestFor())

        child.equal(result.outcome, outcome)
        child.equal(result.evidence.doubts !== undefined, doubted)
      }
      const origin = await host(child, status(404))
      const down = clientOf([mirrorOf('http://127.0.0.1:1'), endpointOf(origin.baseUrl)])
      child.match(await down.lookup(requestFor()), {
        outcome: 'not-found',
        evidence: { doubts: [/127\.0\.0\.1:1/] },
      })
      const serving = await host(child, found)
      const beside = clientOf([
        mirrorOf('http://127.0.0.1:1'),
        endpointOf(serving.baseUrl),
      ])
      child.match(await beside.lookup(requestFor()), {
        outcome: 'found',
        evidence: { doubts: [/127\.0\.0\.1:1/] },
      })
    },
  )

  await t.test(
    'are no longer asked after a success that nothing can use',
    async (child) => {
      const mirror = await host(child, (_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
      })
      const origin = await host(child, found)

      const client = clientOf([mirrorOf(mirror.baseUrl), endpointOf(origin.baseUrl)])

      child.match(await client.lookup(requestFor()), {
        outcome: 'unusable',
        fault: 'web-page',
        evidence: { via: 'mirror' },
      })
      child.same(origin.lines(), [])
    },
  )

  await t.test('repeat a 503 only on the last', async (child) => {
    const mirror = await host(child, status(503))
    const origin = await host(child, first(503))

    const client = clientOf([mirrorOf(mirror.baseUrl), endpointOf(origin.baseUrl)])

    child.match(await client.lookup(requestFor()), { outcome: 'found' })
    child.same([mirror.seen.length, origin.seen.length], [1, 2])
  })

  await t.test(
    'without any to ask are unreachable, and a broken configuration is a doubt',
    async (child) => {
      const result = await clientOf([], { problem: 'ca.pem cannot be read' }).lookup(
        requestFor(),
      )

      child.match(result, {
        outcome: 'unreachable',
        evidence: { requests: 0, doubts: ['ca.pem cannot be read', String] },
      })
    },
  )
})

await test('network failures keep their class', async (t) => {
  const refusedClient = clientOf([endpointOf('http://127.0.0.1:1')])
  t.match(await refusedClient.lookup(requestFor()), {
    outcome: 'unreachable',
    fault: 'connection-refused',
    target: 'registry',
  })

  const transport = tappedTransport(({ url }) => ({
    kind: 'tls',
    fault: 'unknown-authority',
    host: url.host,
    detail: 'self-signed\ncertificate',
  }))
  t.match(
    await clientOf([endpointOf('https://acme.test')], { transport }).lookup(requestFor()),
    {
      outcome: 'untrusted',
      fault: 'unknown-authority',
      detail: 'self-signed certificate',
    },
  )

  t.match(await clientOf([endpointOf('https://acme.test:99999')]).lookup(requestFor()), {
    outcome: 'unreachable',
    fault: 'invalid-port',
    host: 'acme.test:99999',
  })
})

await test('a loopback registry that speaks plain HTTP is asked again that way', async (t) => {
  const registry = await scriptedRegistry(t, found)
  const transport = tappedTransport(({ url }) =>
    url.protocol === 'https:'
      ? { kind: 'tls', fault: 'plain-http', host: url.host, detail: '' }
      : null,
  )
  const endpoint = endpointOf(`https://${registry.host}`, {
    plainHttpFallback: registry.baseUrl,
  })

  t.match(await clientOf([endpoint], { transport }).lookup(requestFor()), {
    outcome: 'found',
  })
})

await test('a fired signal interrupts, and sends nothing more', async (t) => {
  const controller = new AbortController()
  const registry = await scriptedRegistry(t, () => controller.abort())
  const client = clientOf([endpointOf(registry.baseUrl)])
  const request = requestFor('1.0', null, { signal: controller.signal })

  t.match(await client.lookup(request), { outcome: 'interrupted' })
  t.match(await client.lookup(request), {
    outcome: 'interrupted',
    evidence: { requests: 0 },
  })
  t.equal(registry.seen.length, 1)
})
