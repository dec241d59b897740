import { test } from 'tap'
import type { ServerResponse } from 'node:http'
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../src/registry/media-types.ts'
import { clientOf, DIGEST, endpointOf, requestFor } from './support/client-of.ts'
import {
  refuse,
  scriptedRegistry,
  serveManifest,
  sha256,
} from './support/scripted-registry.ts'
import type { SeenRequest } from './support/scripted-registry.ts'

const CHILD = JSON.stringify({ schemaVersion: 2, config: { digest: DIGEST }, layers: [] })
const descriptor = (
  digest: string,
  platform?: Record<string, unknown>,
  mediaType = OCI_MANIFEST,
) => ({
  mediaType,
  digest,
  size: 2,
  ...(platform === undefined ? {} : { platform }),
})
const indexOf = (...manifests: unknown[]): string =>
  JSON.stringify({ schemaVersion: 2, manifests })
const AMD64 = { os: 'linux', architecture: 'amd64' }
const GONE = sha256('gone')
const NESTED = indexOf(
  descriptor(sha256('windows'), {
    os: 'windows',
    architecture: 'amd64',
    'os.version': '10.0.1',
  }),
)
const INDEX = indexOf(
  descriptor(sha256(CHILD), AMD64),
  descriptor(GONE, { os: 'linux', architecture: 'arm', variant: 'v7' }),
  descriptor(sha256('attestation'), { os: 'unknown', architecture: 'unknown' }),
  descriptor(sha256('bare')),
  descriptor(sha256(NESTED), undefined, OCI_INDEX),
  { digest: 'sha256:nonsense', platform: AMD64 },
  'nonsense',
)

/** Serves bodies by digest, and the first of them as tag 1.0. */
function serving(...bodies: [body: string, mediaType: string][]) {
  return (request: SeenRequest, response: ServerResponse): void => {
    const name = request.line.split('/').at(-1) ?? ''
    const found =
      bodies.find(([body]) => sha256(body) === name) ??
      (name === '1.0' ? bodies[0] : undefined)
    if (found === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN')
    serveManifest(request, response, { body: found[0], mediaType: found[1] })
  }
}

await test('a new index costs one GET for each level, a known one none', async (t) => {
  const registry = await scriptedRegistry(
    t,
    serving([INDEX, OCI_INDEX], [NESTED, OCI_INDEX], [CHILD, OCI_MANIFEST]),
  )
  const client = clientOf([endpointOf(registry.baseUrl)])

  const result = await client.lookup(requestFor())

  t.same(registry.lines(), [
    'HEAD /v2/team/app/manifests/1.0',
    `GET /v2/team/app/manifests/${sha256(INDEX)}`,
    `GET /v2/team/app/manifests/${sha256(NESTED)}`,
  ])
  t.equal(registry.seen[1]?.headers.accept, `${OCI_INDEX}, */*`)
  t.match(result, {
    outcome: 'found',
    kind: 'index',
    evidence: { request: /^HEAD /, requests: 3 },
    missingChildren: [],
    platforms: [
      { digest: sha256(CHILD), os: 'linux', architecture: 'amd64', variant: null },
      { digest: GONE, architecture: 'arm', variant: 'v7' },
      { digest: sha256('bare'), os: null, architecture: null },
      { os: 'windows', osVersion: '10.0.1' },
    ],
  })
  t.match(await client.lookup(requestFor()), {
    platforms: { length: 4 },
    evidence: { requests: 1 },
  })
})

await test('the entries that the nodes need are looked up, once while they are there', async (t) => {
  const registry = await scriptedRegistry(
    t,
    serving([INDEX, DOCKER_LIST], [NESTED, OCI_INDEX], [CHILD, OCI_MANIFEST]),
  )
  const client = clientOf([endpointOf(registry.baseUrl)])

  const amd64 = await client.lookup(
    requestFor('1.0', null, { platforms: ['linux/amd64'] }),
  )
  const again = await client.lookup(
    requestFor('1.0', null, { platforms: ['linux/amd64'] }),
  )
  const arm = await client.lookup(requestFor('1.0', null, { platforms: ['linux/arm'] }))

  t.match(amd64, { missingChildren: [], evidence: { requests: 4 } })
  t.match(again, { missingChildren: [], evidence: { requests: 1 } })
  t.match(arm, { outcome: 'found', missingChildren: [GONE] })
})

await test('an index that cannot be read now is found, its platforms unknown', async (t) => {
  for (const status of [401, 403, 404, 429, 500]) {
    const registry = await scriptedRegistry(t, (request, response) => {
      if (request.line.startsWith('GET')) return refuse(response, status)
      serving([INDEX, OCI_INDEX])(request, response)
    })

    const result = await clientOf([endpointOf(registry.baseUrl)]).lookup(requestFor())

    t.match(result, {
      outcome: 'found',
      platforms: null,
      missingChildren: [],
      evidence: { status: 200 },
    })
  }
  const registry = await scriptedRegistry(t, serving([INDEX, OCI_INDEX]))
  const partial = await clientOf([endpointOf(registry.baseUrl)]).lookup(requestFor())
  const gone = sha256(NESTED)
  t.match(
    partial,
    { outcome: 'found', missingChildren: [gone] },
    'a nested index that is gone is missing',
  )
  t.match(
    partial.outcome === 'found' ? partial.platforms?.at(-1) : null,
    { digest: gone, os: null },
    'and may have held any platform',
  )
})

await test('indexes that nest without end are given up', async (t) => {
  const bodies: [string, string][] = [
    [indexOf(descriptor(sha256('x'), AMD64)), OCI_INDEX],
  ]
  for (let depth = 0; depth < 5; depth++) {
    bodies.unshift([
      indexOf(descriptor(sha256(bodies[0]?.[0] ?? ''), undefined, OCI_INDEX)),
      OCI_INDEX,
    ])
  }
  const registry = await scriptedRegistry(t, serving(...bodies))

  const result = await clientOf([endpointOf(registry.baseUrl)]).lookup(requestFor())

  t.match(result, { outcome: 'found', platforms: null })
  t.equal(registry.seen.length, 5)
})

await test('an index whose body has another digest is unusable', async (t) => {
  const registry = await scriptedRegistry(t, (request, response) =>
    serveManifest(request, response, {
      body: request.line.startsWith('GET') ? indexOf() : INDEX,
      mediaType: OCI_INDEX,
    }),
  )

  const result = await clientOf([endpointOf(registry.baseUrl)]).lookup(requestFor())

  t.match(result, {
    outcome: 'unusable',
    fault: 'digest-mismatch',
    evidence: { request: /^GET / },
  })
})

await test('the platform of a single image stands in its config, which a CDN may serve', async (t) => {
  const config = JSON.stringify({ os: 'linux', architecture: 'arm64', variant: 'v8' })
  const image = JSON.stringify({
    config: {
      digest: sha256(config),
      mediaType: 'application/vnd.oci.image.config.v1+json',
    },
  })
  const cdn = await scriptedRegistry(t, (_request, response) => response.end(config))
  const registry = await scriptedRegistry(t, (request, response) => {
    if (request.line.includes('/manifests/'))
      return serving([image, OCI_MANIFEST])(request, response)
    response.writeHead(307, { location: `${cdn.baseUrl}/blob` })
    response.end()
  })
  const client = clientOf([endpointOf(registry.baseUrl)])
  const expected = {
    os: 'linux',
    architecture: 'arm64',
    variant: 'v8',
    osVersion: null,
    configMediaType: 'application/vnd.oci.image.config.v1+json',
  }

  t.same(await client.imagePlatform(requestFor(), sha256(image)), expected)
  t.same(await client.imagePlatform(requestFor(), sha256(image)), expected)
  t.equal(registry.seen.length, 2)
  t.equal(await client.imagePlatform(requestFor(), DIGEST), null)
})

const page = (response: ServerResponse, tags: unknown, link?: string): void => {
  response.writeHead(200, link === undefined ? {} : { link })
  response.end(JSON.stringify({ name: 'team/app', tags }))
}

await test('tags', async (t) => {
  await t.test('are listed over pages, relative and absolute', async (child) => {
    const registry = await scriptedRegistry(child, (request, response, attempt) => {
      const path = '/v2/team/app/tags/list'
      if (attempt === 1)
        return page(response, ['1', '2'], `<${path}?last=2&n=2>; rel="next"`)
      const absolute = `<http://${request.headers.host}${path}?last=3>; rel=next`
      if (attempt === 2) return page(response, ['3', 'no tag', 7], absolute)
      page(response, null)
    })

    const result = await clientOf([endpointOf(registry.baseUrl)]).tags(requestFor())

    child.same(result, { outcome: 'listed', tags: ['1', '2', '3'], complete: true })
    child.same(registry.lines(), [
      'GET /v2/team/app/tags/list?n=1000',
      'GET /v2/team/app/tags/list?last=2&n=2',
      'GET /v2/team/app/tags/list?last=3',
    ])
  })

  await t.test('of another host are not asked for', async (child) => {
    for (const link of [
      '<https://evil.test/v2/team/app/tags/list?last=1>; rel="next"',
      '</v2/other/tags/list?last=1>; rel="next"',
      '<?n=1000>; rel="next"',
    ]) {
      const registry = await scriptedRegistry(child, (_request, response) =>
        page(response, ['1'], link),
      )
      const result = await clientOf([endpointOf(registry.baseUrl)]).tags(requestFor())
      child.same(result, { outcome: 'listed', tags: ['1'], complete: false })
      child.equal(registry.seen.length, 1)
    }
  })

  await t.test('are bounded in pages', async (child) => {
    const registry = await scriptedRegistry(child, (_request, response, attempt) =>
      page(
        response,
        [`t${attempt}`],
        `</v2/team/app/tags/list?last=${attempt}>; rel="next"`,
      ),
    )

    const result = await clientOf([endpointOf(registry.baseUrl)]).tags(requestFor())

    child.match(result, { outcome: 'listed', tags: { length: 10 }, complete: false })
  })

  await t.test('take a token like a look-up', async (child) => {
    const registry = await scriptedRegistry(child, (request, response) => {
      if (request.line.includes('/token')) return response.end('{"token":"t"}')
      if (request.headers.authorization === 'Bearer t') return page(response, ['1'])
      const realm = `Bearer realm="http://${request.headers.host}/token"`
      return refuse(response, 401, '', { 'www-authenticate': realm })
    })
    child.match(await clientOf([endpointOf(registry.baseUrl)]).tags(requestFor()), {
      tags: ['1'],
    })
  })

  await t.test('that cannot be had are unavailable', async (child) => {
    const registry = await scriptedRegistry(child, (_request, response) =>
      refuse(response, 404),
    )
    const client = clientOf([endpointOf(registry.baseUrl)])
    const aborted = requestFor('1.0', null, { signal: AbortSignal.abort() })

    child.same(await client.tags(requestFor()), { outcome: 'unavailable' })
    child.same(await client.tags(aborted), { outcome: 'unavailable' })
    child.equal(registry.seen.length, 1)
  })
})
