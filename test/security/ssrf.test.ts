import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import type { ResolveName } from '../../src/registry/address-guard.ts'
import { createRegistryClient } from '../../src/registry/create-registry-client.ts'
import type { RegistryClientOptions } from '../../src/registry/create-registry-client.ts'
import { createEndpointResolver } from '../../src/registry/endpoint-resolver.ts'
import {
  createHttpTransport,
  defaultTransportLimits,
} from '../../src/registry/http-transport.ts'
import { OCI_MANIFEST } from '../../src/registry/media-types.ts'
import { createClient } from '../../src/registry/registry-client.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import {
  defaultRegistrySettings,
  registrySettingsFor,
} from '../../src/registry/registry-settings-for.ts'
import { DIGEST, requestFor } from '../registry/support/client-of.ts'
import {
  refuse,
  scriptedRegistry,
  serveManifest,
  sha256,
} from '../registry/support/scripted-registry.ts'

const HOST = 'registry.acme.test'
const credential = { username: 'user', password: 'password' }

const now = (): number => performance.now()

/** A service inside the cluster that trusts its neighbours, on all of loopback. */
async function victimOf(t: Test): Promise<{ port: number; requests: string[] }> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    response.end('{"token":"t","access_token":"t"}')
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, requests }
}

/** A client as `serve` makes it, whose operator says that registry.acme.test is at this loopback server. */
function clientAt(t: Test, endpoint: string, options: RegistryClientOptions = {}) {
  const refused: string[] = []
  const client = createRegistryClient({
    registries: [{ ...defaultRegistrySettings(HOST), endpoint }],
    observer: {
      ...silentObserver,
      refusedAddress: ({ host }) => void refused.push(host),
    },
    ...options,
  })
  t.teardown(() => client.close())
  return { client, refused }
}

function formsOf(port: number): string[] {
  const hosts = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '127.0.0.1.',
    '0',
    '0.0.0.0',
    'localhost',
    'LOCALHOST',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]',
    '[fe80::1]',
  ]
  return hosts.map((host) => `http://${host}:${port}`)
}

await test('a token realm leads nowhere that is refused', async (t) => {
  const victim = await victimOf(t)
  for (const origin of formsOf(victim.port)) {
    const registry = await scriptedRegistry(t, (_request, response) =>
      refuse(response, 401, '', {
        'www-authenticate': `Bearer realm="${origin}/token",service="s"`,
      }),
    )
    for (const as of [null, credential]) {
      const { client, refused } = clientAt(t, registry.baseUrl)
      const result = await client.lookup(requestFor('1.0', as))
      t.match(result, { outcome: 'refused-address', target: 'token-service' }, origin)
      t.ok(refused.length > 0, `${origin} is counted`)
    }
  }
  t.same(victim.requests, [])
})

await test('a redirect leads nowhere that is refused', async (t) => {
  const victim = await victimOf(t)
  for (const origin of formsOf(victim.port)) {
    const registry = await scriptedRegistry(t, (_request, response) => {
      response.writeHead(307, { location: `${origin}/latest/meta-data/` }).end()
    })
    const { client } = clientAt(t, registry.baseUrl)
    t.match(await client.lookup(requestFor()), { outcome: 'refused-address' }, origin)
    t.same(await client.tags(requestFor()), { outcome: 'unavailable' })
  }
  t.same(victim.requests, [])
})

await test('neither does a redirect of the token service', async (t) => {
  const victim = await victimOf(t)
  const registry = await scriptedRegistry(t, (request, response) => {
    if (!request.line.includes('/token')) {
      const realm = `Bearer realm="http://${request.headers.host}/token"`
      return refuse(response, 401, '', { 'www-authenticate': realm })
    }
    response.writeHead(307, { location: `http://127.0.0.1:${victim.port}/` }).end()
    return undefined
  })
  const { client } = clientAt(t, registry.baseUrl)

  t.match(await client.lookup(requestFor()), { outcome: 'refused-address' })
  t.same(victim.requests, [])
})

await test('another port of a host that the operator named is another host', async (t) => {
  const victim = await victimOf(t)
  const registry = await scriptedRegistry(t, (request, response) => {
    const { port } = victim
    const at = request.line.startsWith('HEAD') ? `http://127.0.0.1:${port}/` : '/'
    response.writeHead(302, { location: at }).end()
  })
  const { client } = clientAt(t, registry.baseUrl)

  t.match(await client.lookup(requestFor()), { outcome: 'refused-address' })
  t.same(victim.requests, [])
})

await test('the host that serves configs is checked as well', async (t) => {
  const victim = await victimOf(t)
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: DIGEST },
    layers: [],
  })
  const registry = await scriptedRegistry(t, (request, response) => {
    if (request.line.includes('/manifests/'))
      return serveManifest(request, response, { body, mediaType: OCI_MANIFEST })
    response.writeHead(307, { location: `http://127.0.0.1:${victim.port}/blob` }).end()
    return undefined
  })
  const { client, refused } = clientAt(t, registry.baseUrl)

  await client.imagePlatform(requestFor(), sha256(body))
  t.ok(registry.lines().some((line) => line.includes('/blobs/')))
  t.same(refused, [`127.0.0.1:${victim.port}`])
  t.same(victim.requests, [])
})

await test('a mirror is the operator’s choice, what it announces is not', async (t) => {
  const victim = await victimOf(t)
  const mirror = await scriptedRegistry(t, (_request, response) => {
    response.writeHead(307, { location: `http://[::1]:${victim.port}/` }).end()
  })
  const directory = t.testdir({})
  await mkdir(join(directory, HOST))
  await writeFile(
    join(directory, HOST, 'hosts.toml'),
    `server = "${mirror.baseUrl}"\n[host."${mirror.baseUrl}"]\n`,
  )
  const { client } = clientAt(t, 'https://unused.acme.test', {
    registries: [],
    hostsDirectory: directory,
  })

  t.match(await client.lookup(requestFor()), { outcome: 'refused-address' })
  t.equal(mirror.seen.length, 2, 'as a mirror and as the server')
  t.same(victim.requests, [])
})

await test('a registry itself is refused in every form that a name can have', async (t) => {
  const victim = await victimOf(t)
  const client = createRegistryClient()
  t.teardown(() => client.close())
  for (const host of ['127.0.0.1', '127.1', '2130706433', '0x7f.1', '[::ffff:7f00:1]']) {
    const request = requestFor()
    const registry = `${host}:${victim.port}`
    const result = await client.lookup({
      ...request,
      reference: { ...request.reference, registry },
    })
    t.match(result, { outcome: 'refused-address', target: 'registry' }, registry)
  }
  t.same(victim.requests, [])
})

await test('a name that moves between two answers of DNS is checked each time', async (t) => {
  const registry = await scriptedRegistry(t, (request, response) => {
    const realm = `Bearer realm="http://${request.headers.host}/token"`
    return refuse(response, 401, '', { 'www-authenticate': realm, connection: 'close' })
  })
  const port = registry.host.split(':')[1] ?? ''
  const host = `${HOST}:${port}`
  const registries = [{ ...defaultRegistrySettings(host), plainHttp: true }]
  for (const second of [
    '169.254.169.254',
    '127.0.0.2',
    '::1',
    '::ffff:169.254.169.254',
  ]) {
    registry.seen.length = 0
    let asked = 0
    const lookup: ResolveName = async () =>
      ++asked === 1
        ? [{ address: '127.0.0.1', family: 4 }]
        : [{ address: second, family: second.includes(':') ? 6 : 4 }]
    const client = createClient({
      transport: createHttpTransport({
        network: { allow: ['127.0.0.1/32'], deny: [] },
        proxy: { httpProxy: null, httpsProxy: null, noProxy: null },
        limits: defaultTransportLimits,
        observer: silentObserver,
        lookup,
        now,
      }),
      endpoints: createEndpointResolver({ registries, hostsDirectory: null, now }),
      settings: (name) => registrySettingsFor(registries, name),
      observer: silentObserver,
      now,
      wallClock: Date.now,
      userAgent: 'pullgate',
    })
    t.teardown(() => client.close())
    const request = requestFor()
    const result = await client.lookup({
      ...request,
      reference: { ...request.reference, registry: host },
    })
    t.match(result, { outcome: 'refused-address', target: 'token-service' }, second)
    t.equal(registry.seen.length, 1)
  }
})
