import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { createRegistryClient } from '../../src/registry/create-registry-client.ts'
import { defaultRegistrySettings } from '../../src/registry/registry-settings-for.ts'
import { followRedirect } from '../../src/registry/redirects.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import { InvalidImageName } from '../../src/reference/invalid-image-name.ts'
import { createWorld, MARK, pod, secret, user } from '../integration/credentials-world.ts'
import { endpointOf, requestFor } from '../registry/support/client-of.ts'
import { refuse, scriptedRegistry } from '../registry/support/scripted-registry.ts'
import type { ScriptedRegistry } from '../registry/support/scripted-registry.ts'

const settings = defaultRegistrySettings('registry.acme.test')
const PASSWORD = `${MARK}-password`

/** A host of somebody else's that asks everyone for a password, in both ways. */
function thiefOf(t: Test): Promise<ScriptedRegistry> {
  return scriptedRegistry(t, (request, response) =>
    refuse(response, 401, 'UNAUTHORIZED', {
      'www-authenticate': [
        `Bearer realm="http://${request.headers.host}/token",service="gcr.io"`,
        'Basic realm="gcr.io"',
      ],
    }),
  )
}

/** What was sent in any encoding, the decoded Basic credentials with it. */
function receivedBy({ seen }: ScriptedRegistry): string {
  const basic = seen.map(({ headers }) =>
    Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString(),
  )
  return JSON.stringify(seen) + basic.join()
}

await test('a key of a pull secret opens no host that only looks like its own', async (t) => {
  const cases: [key: string, hosts: string[]][] = [
    [
      'gcr.io',
      [
        'evilgcr.io',
        'gcr.io.evil.io',
        'gcr-io.evil.io',
        'xgcr.io',
        'gcr.iox',
        'sub.gcr.io',
        'gcr.io:8443',
        'gcrxio.test',
      ],
    ],
    ['https://gcr.io', ['evilgcr.io', 'gcr.io.evil.io']],
    ['https://gcr.io/v2/', ['gcr.io.evil.io']],
    ['docker.io', ['docker.io.evil', 'evildocker.io', 'my-docker.io']],
    ['https://index.docker.io/v1/', ['index.docker.io.evil', 'docker.io.evil']],
    ['*.gcr.io', ['gcr.io.evil.io', 'a.b.gcr.io', 'xgcr.io', 'gcr.io']],
    ['.*', ['evil.io']],
    ['.*\\.io', ['evil.io']],
    ['^gcr', ['gcr.io.evil.io']],
    ['gcr.io|evil.io', ['evil.io']],
    ['(gcr|evil).io', ['evil.io']],
    ['g.r.io', ['gar.io']],
    ['', ['evil.io']],
    ['evil.io@gcr.io', ['evil.io']],
    ['https://evil.io@gcr.io', ['evil.io']],
    ['gcr.io/../evil.io', ['evil.io']],
    ['gcr.io#evil.io', ['evil.io']],
    ['registry.acme.test:5000', ['registry.acme.test', 'registry.acme.test:50000']],
  ]
  const thief = await thiefOf(t)
  for (const [key, hosts] of cases) {
    for (const host of hosts) {
      thief.seen.length = 0
      const world = await createWorld(t, {
        endpoints: { [host]: thief.baseUrl },
        objects: [secret('pull', { [key]: user('robot', PASSWORD) })],
      })
      await world.apply(pod(`${host}/team/app:1`, { pullSecrets: ['pull'] }))
      t.ok(thief.seen.length > 0, `${host} was asked`)
      t.notMatch(receivedBy(thief), /marked/, `key ${key}, image of ${host}`)
    }
  }
})

await test('a mirror is that of its own registry, not of one whose name begins the same', async (t) => {
  const mirror = await thiefOf(t)
  const directory = t.testdir({})
  await mkdir(join(directory, 'registry.acme.test'))
  await writeFile(
    join(directory, 'registry.acme.test', 'hosts.toml'),
    `[host."${mirror.baseUrl}"]\n[host."${mirror.baseUrl}".header]\nx-key = "${PASSWORD}"\n`,
  )
  const client = createRegistryClient({ hostsDirectory: directory })
  t.teardown(() => client.close())
  for (const registry of [
    'registry.acme.test.evil.test',
    'evilregistry.acme.test',
    'registry.acme.test:444',
    'acme.test',
  ]) {
    const request = requestFor('1.0', { username: 'robot', password: PASSWORD })
    await client.lookup({ ...request, reference: { ...request.reference, registry } })
  }
  t.same(mirror.seen, [])
})

await test('a redirect takes credentials to the same host and its sub-domains alone', (t) => {
  const first = 'https://registry.acme.test/v2/a/manifests/1'
  const cases: [from: string, location: string, kept: boolean, to?: string][] = [
    [first, '/elsewhere', true],
    [first, 'https://registry.acme.test:8443/x', true],
    [first, 'https://cdn.registry.acme.test/x', true],
    [first, 'https://REGISTRY.acme.test/x', true],
    [first, 'http://registry.acme.test/x', false],
    [first, '//registry.acme.test.evil.io/x', false],
    [first, 'https://registry.acme.test.evil.io/x', false],
    [first, 'https://evilregistry.acme.test/x', false],
    [first, 'https://acme.test/x', false],
    [first, 'https://registry.acme.test@evil.io/x', false, 'https://evil.io/x'],
    [first, 'https://evil.io\\@registry.acme.test/x', false],
    [first, 'https://evil.io#.registry.acme.test', false, 'https://evil.io/'],
    [first, 'https://evil.io?.registry.acme.test', false],
    [first, 'https://u:p@registry.acme.test/x', true, 'https://registry.acme.test/x'],
    ['https://10.0.0.7/v2/', 'https://110.0.0.7/', false],
    ['https://10.0.0.7/v2/', 'https://1.10.0.0.7/', false],
    ['https://[fd00::7]/v2/', 'https://[fd00::8]/', false],
    ['http://registry.acme.test/v2/', 'http://registry.acme.test/x', true],
    ['http://registry.acme.test/v2/', 'http://evil.io/x', false],
  ]
  for (const [from, location, kept, to] of cases) {
    const url = new URL(from)
    const question = {
      purpose: 'manifest',
      method: 'HEAD',
      url,
      headers: {},
      privateHeaders: { authorization: 'Bearer secret' },
      body: null,
      endpoint: endpointOf(url.origin),
      operatorChosen: true,
      maxBodyBytes: 0,
      signal: AbortSignal.timeout(1_000),
    } as const
    const next = followRedirect(question, question, {
      kind: 'response',
      status: 307,
      headers: { location },
      body: Buffer.alloc(0),
      truncated: false,
      verified: true,
    })
    const keeps = next?.privateHeaders['authorization'] !== undefined
    t.equal(keeps, kept, `${from} to ${location}`)
    t.notOk(next?.url.username || next?.url.password, `${location}: no user info`)
    if (to !== undefined) t.equal(next?.url.href, to)
  }
  for (const location of [
    'javascript:x',
    'file:///etc/passwd',
    'ftp://a.test/',
    'data:,x',
  ]) {
    const url = new URL(first)
    const question = { url, privateHeaders: {}, body: null, operatorChosen: false }
    const answer = { status: 307, headers: { location } }
    t.equal(
      followRedirect(question as never, question as never, answer as never),
      null,
      location,
    )
  }
  t.end()
})

await test('credentials do not come back once a chain of redirects has left the host', async (t) => {
  const registry = await scriptedRegistry(t, (request, response) => {
    if (request.headers.authorization === undefined && !request.line.includes('back'))
      return refuse(response, 401, '', { 'www-authenticate': 'Basic realm="a"' })
    const elsewhere = thief.baseUrl.replace('127.0.0.1', 'localhost')
    if (!request.line.includes('back'))
      return response.writeHead(307, { location: elsewhere }).end()
    return response.writeHead(404).end()
  })
  const thief = await scriptedRegistry(t, (_request, response) => {
    response.writeHead(307, { location: `${registry.baseUrl}/back` }).end()
  })
  const client = createRegistryClient({
    registries: [{ ...settings, endpoint: registry.baseUrl }],
    network: { allow: ['127.0.0.1/32'], deny: [] },
  })
  t.teardown(() => client.close())

  await client.lookup(requestFor('1.0', { username: 'robot', password: PASSWORD }))

  t.ok(thief.seen.length > 0)
  t.notMatch(receivedBy(thief), /marked/)
  const back = registry.seen.filter(({ line }) => line.includes('back'))
  t.ok(back.length > 0)
  for (const { headers } of back) t.equal(headers.authorization, undefined)
})

await test('no credential goes over plain HTTP that the operator did not choose', async (t) => {
  const received: string[] = []
  const server = createServer((request, response) => {
    received.push(`${request.method} ${request.url}`)
    response.writeHead(401, { 'www-authenticate': 'Basic realm="a"' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const client = createRegistryClient({
    registries: [{ ...settings, endpoint: `https://127.0.0.1:${port}` }],
  })
  t.teardown(() => client.close())

  const request = requestFor('1.0', { username: 'robot', password: PASSWORD })
  t.match(await client.lookup(request), { outcome: 'untrusted', fault: 'plain-http' })
  t.same(received, [], 'not even the first request')
})

await test('user info is no part of an image name', (t) => {
  for (const name of [
    'user:password@registry.acme.test/app',
    'registry.acme.test@evil.io/app',
    'https://registry.acme.test/app',
    'registry.acme.test\\@evil.io/app',
    'registry.acme.test%2f@evil.io/app',
    'registry.acme.test?@evil.io/app',
  ])
    t.throws(() => parseReference(name), InvalidImageName, name)
  t.end()
})
