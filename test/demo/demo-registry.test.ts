import { createHash } from 'node:crypto'

import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { Agent } from 'undici'

import {
  startDemoRegistry,
  type DemoRegistry,
  type DemoRegistryOptions,
} from '../../src/demo/demo-registry.ts'

const ACCEPT = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  '*/*',
].join(', ')

interface Ask {
  method?: string
  headers?: Record<string, string>
  body?: string
}

interface Got {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  json: () => Record<string, unknown>
}

async function start(test: Test, options: DemoRegistryOptions = {}, ca?: string) {
  const registry: DemoRegistry = await startDemoRegistry(options)
  const agent = new Agent(ca === undefined ? {} : { connect: { ca } })
  test.teardown(async () => {
    await agent.destroy()
    await registry.close()
  })
  const ask = async (
    url: URL,
    { method = 'GET', headers, body }: Ask = {},
  ): Promise<Got> => {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { accept: ACCEPT, ...headers },
      body: body ?? null,
    })
    const text = await response.body.text()
    const { statusCode: status } = response
    return {
      status,
      headers: response.headers,
      text,
      json: () => JSON.parse(text) as Record<string, unknown>,
    }
  }
  return { registry, ask }
}

function basic(user: string, password: string): Record<string, string> {
  return {
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  }
}

function bearer(got: Got, field = 'token'): Record<string, string> {
  return { authorization: `Bearer ${String(got.json()[field])}` }
}

function scope(repository: string): string {
  return `repository:${repository}:pull`
}

function form(username: string, password: string): Ask {
  const body = new URLSearchParams({
    grant_type: 'password',
    service: 'pullgate-demo',
    scope: scope('team/api'),
    username,
    password,
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', headers, body: body.toString() }
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

interface Manifest {
  mediaType: string
  manifests: {
    digest: string
    mediaType: string
    size: number
    platform: Record<string, string>
  }[]
  config: { digest: string }
  layers: { digest: string }[]
}

await t.test('serves what the distribution API describes', async (test) => {
  const { registry, ask } = await start(test)
  const at = (path: string) => new URL(path, registry.endpoints.public)

  const ping = await ask(at('/v2/'))
  test.equal(ping.status, 200)
  test.equal(ping.headers['docker-distribution-api-version'], 'registry/2.0')

  const head = await ask(at('/v2/team/web/manifests/1.27.7'), { method: 'HEAD' })
  const get = await ask(at('/v2/team/web/manifests/1.27.7'))
  test.equal(head.status, 200)
  test.equal(head.text, '')
  test.equal(head.headers['content-type'], 'application/vnd.oci.image.index.v1+json')
  test.equal(head.headers['content-length'], String(Buffer.byteLength(get.text)))
  test.equal(head.headers['docker-content-digest'], sha256(get.text))

  const index = JSON.parse(get.text) as Manifest
  test.same(
    index.manifests.map(
      ({ platform }) => `${platform['os']}/${platform['architecture']}`,
    ),
    ['linux/amd64', 'unknown/unknown', 'linux/arm64', 'unknown/unknown'],
  )
  for (const child of index.manifests) {
    const got = await ask(at(`/v2/team/web/manifests/${child.digest}`))
    test.equal(sha256(got.text), child.digest)
    test.equal(got.text.length, child.size)
    const { config, layers } = JSON.parse(got.text) as Manifest
    for (const { digest } of [config, ...layers]) {
      test.equal((await ask(at(`/v2/team/web/blobs/${digest}`))).status, 200)
    }
  }
  test.same(
    registry.requests
      .slice(0, 2)
      .map(({ method, target, status }) => [method, target, status]),
    [
      ['GET', '/v2/', 200],
      ['HEAD', '/v2/team/web/manifests/1.27.7', 200],
    ],
  )
})

await t.test(
  'says what is missing with status, code and reason of the specification',
  async (test) => {
    const { registry, ask } = await start(test)
    const cases: [string, string, number, string][] = [
      ['GET', '/v2/team/web/manifests/1.277', 404, 'MANIFEST_UNKNOWN'],
      ['GET', `/v2/team/web/manifests/sha256:${'0'.repeat(64)}`, 404, 'MANIFEST_UNKNOWN'],
      ['GET', '/v2/team/nothing/manifests/1', 404, 'NAME_UNKNOWN'],
      ['GET', '/v2/team/nothing/tags/list', 404, 'NAME_UNKNOWN'],
      ['GET', `/v2/team/web/blobs/sha256:${'0'.repeat(64)}`, 404, 'BLOB_UNKNOWN'],
      ['GET', '/v2/team/web/tags/list?n=x', 400, 'PAGINATION_NUMBER_INVALID'],
      ['GET', '/v2/%E0%A4%A/manifests/%E0', 404, 'NAME_UNKNOWN'],
      ['DELETE', '/v2/team/web/manifests/1.27', 405, 'UNSUPPORTED'],
      ['GET', '/', 404, 'NOT_FOUND'],
    ]
    for (const [method, path, status, code] of cases) {
      const got = await ask(new URL(path, registry.endpoints.public), { method })

      test.equal(got.status, status, `${method} ${path}`)
      test.match(got.json(), { errors: [{ code }] }, `${method} ${path}`)
    }
    const any = await ask(
      new URL('/v2/team/web/manifests/1.27', registry.endpoints.public),
      {
        headers: { accept: '*/*' },
      },
    )
    test.equal(any.status, 404, 'an index that the client does not accept')
  },
)

await t.test('pages through tags by Link', async (test) => {
  const { registry, ask } = await start(test)
  const seen: unknown[] = []
  let next: string | undefined = '/v2/team/web/tags/list?n=3'
  while (next !== undefined) {
    const got: Got = await ask(new URL(next, registry.endpoints.public))
    seen.push(got.json()['tags'])
    next = /^<([^>]+)>; rel="next"$/.exec(String(got.headers['link']))?.[1]
  }
  test.same(seen, [['1.26.3', '1.27', '1.27.7'], ['latest']])
})

await t.test('asks for a password where it is Basic', async (test) => {
  const { registry, ask } = await start(test)
  const cases: [Record<string, string>, number][] = [
    [{}, 401],
    [basic('deployer', 'wrong'), 401],
    [basic('toString', 'x'), 401],
    [{ authorization: 'Bearer x' }, 401],
    [basic('intern', 'battery-staple'), 403],
    [basic('deployer', 'correct-horse'), 200],
  ]
  for (const [headers, status] of cases) {
    const url = new URL('/v2/team/billing/manifests/3.0', registry.endpoints.basic)
    const got = await ask(url, { method: 'HEAD', headers })

    test.equal(got.status, status)
    const challenge = status === 401 ? 'Basic realm="Pullgate demo registry"' : undefined
    test.equal(got.headers['www-authenticate'], challenge)
  }
  const missing = new URL('/v2/team/nothing/manifests/1', registry.endpoints.basic)
  test.equal((await ask(missing)).status, 401, 'before it says what exists')
})

await t.test('gives tokens that open what the caller may pull', async (test) => {
  let now = Date.now()
  const { registry, ask } = await start(test, { now: () => now })
  const { token } = registry.endpoints
  const manifest = (repository: string, tag: string) =>
    new URL(`/v2/${repository}/manifests/${tag}`, token)
  const grant = (repository: string) =>
    new URL(
      `/token?service=pullgate-demo&scope=${encodeURIComponent(scope(repository))}`,
      token,
    )

  const challenged = await ask(manifest('team/api', '2.1'))
  test.equal(challenged.status, 401)
  test.equal(
    challenged.headers['www-authenticate'],
    `Bearer realm="${token.origin}/token",service="pullgate-demo",scope="repository:team/api:pull"`,
  )

  const anonymous = await ask(grant('team/open'))
  test.equal(
    (await ask(manifest('team/open', '1.27'), { headers: bearer(anonymous) })).status,
    200,
  )
  const useless = await ask(grant('team/api'))
  const refused = await ask(manifest('team/api', '2.1'), { headers: bearer(useless) })
  test.match(refused.headers['www-authenticate'], /error="insufficient_scope"$/)
  const forged = { authorization: 'Bearer e30.x' }
  test.match(
    (await ask(manifest('team/api', '2.1'), { headers: forged })).headers[
      'www-authenticate'
    ],
    /error="invalid_token"$/,
  )

  const endpoint = new URL('/token', token)
  const posted = await ask(endpoint, form('deployer', 'correct-horse'))
  const headers = bearer(posted, 'access_token')
  test.equal((await ask(manifest('team/api', '2.1'), { headers })).status, 200)
  test.equal((await ask(new URL('/v2/', token), { headers })).status, 200)
  test.equal((await ask(endpoint, form('deployer', 'wrong'))).status, 401)
  const intern = await ask(endpoint, form('intern', 'battery-staple'))
  test.equal(
    (await ask(manifest('team/api', '2.1'), { headers: bearer(intern) })).status,
    401,
  )
  const got = await ask(grant('team/api'), {
    headers: basic('deployer', 'correct-horse'),
  })
  test.equal(
    (await ask(manifest('team/api', '2.1'), { headers: bearer(got) })).status,
    200,
  )
  const wrong = basic('deployer', 'wrong')
  test.equal((await ask(grant('team/open'), { headers: wrong })).status, 401)

  test.equal((await ask(endpoint)).status, 400, 'no service')
  const refresh = {
    ...form('deployer', 'correct-horse'),
    body: 'grant_type=refresh_token',
  }
  test.equal((await ask(endpoint, refresh)).status, 400)
  const flood = { method: 'POST', body: 'x'.repeat(70_000) }
  test.equal((await ask(endpoint, flood)).status, 413)

  now += 301_000
  const expired = await ask(manifest('team/api', '2.1'), { headers })
  test.match(expired.headers['www-authenticate'], /error="invalid_token"$/)
})

await t.test('limits the pulls of an address', async (test) => {
  const { registry, ask } = await start(test, { quota: 1 })
  const url = new URL('/v2/team/popular/manifests/1.27', registry.endpoints.limited)

  const first = await ask(url, { method: 'HEAD' })
  const second = await ask(url)
  const tags = await ask(
    new URL('/v2/team/popular/tags/list', registry.endpoints.limited),
  )

  test.equal(first.status, 200)
  test.equal(first.headers['ratelimit-limit'], '1;w=21600')
  test.equal(first.headers['ratelimit-remaining'], '0;w=21600')
  test.equal(second.status, 429)
  test.equal(second.headers['retry-after'], '60')
  test.match(second.json(), { errors: [{ code: 'TOOMANYREQUESTS' }] })
  test.equal(tags.status, 200)
})

await t.test(
  'speaks HTTPS with the certificate it is given, and content of the caller',
  async (test) => {
    const pems = await generate([{ name: 'commonName', value: 'demo' }], {
      algorithm: 'sha256',
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    })
    const content = {
      public: { solo: { tags: { v1: { kind: 'image', platform: 'linux/arm64/v8' } } } },
    } as const
    const tls = { key: pems.private, cert: pems.cert }
    const { registry, ask } = await start(test, { tls, content }, pems.cert)

    const manifest = await ask(
      new URL('/v2/solo/manifests/v1', registry.endpoints.public),
    )
    const { config } = JSON.parse(manifest.text) as Manifest
    const blob = await ask(
      new URL(`/v2/solo/blobs/${config.digest}`, registry.endpoints.public),
    )

    test.equal(registry.endpoints.public.protocol, 'https:')
    test.match(blob.json(), { os: 'linux', architecture: 'arm64', variant: 'v8' })
  },
)

await t.test('rejects when it cannot listen', async (test) => {
  await test.rejects(startDemoRegistry({ host: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' })
})
