import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import t from 'tap'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { Endpoint, TlsTrust } from '../../src/registry/endpoint.ts'
import { createEndpointResolver } from '../../src/registry/endpoint-resolver.ts'
import { directoryNames } from '../../src/registry/hosts-directory.ts'
import { parseHostsToml } from '../../src/registry/parse-hosts-toml.ts'
import { registrySettingsFor } from '../../src/registry/registry-settings-for.ts'
import type { RegistrySettings } from '../../src/registry/registry-settings.ts'

const REGISTRY = 'registry.acme.test'
const pair = await createSelfSigned({
  hosts: ['a.test'],
  nowMs: Date.now(),
  validDays: 9,
})
const other = await createSelfSigned({
  hosts: ['b.test'],
  nowMs: Date.now(),
  validDays: 9,
})

function settings(changes: Partial<RegistrySettings>): RegistrySettings {
  return { ...registrySettingsFor([], REGISTRY), ...changes }
}

interface Setup {
  registries?: RegistrySettings[]
  hostsDirectory?: string | null
}

function resolve(
  registry: string,
  setup: Setup = {},
): Promise<{ endpoints: Endpoint[]; problem: string | null }> {
  const { registries = [], hostsDirectory = null } = setup
  return createEndpointResolver({ registries, hostsDirectory, now: () => 1 }).endpoints(
    registry,
  )
}

/** The one endpoint of a registry, on one line. */
async function shown(registry: string, setup: Setup = {}): Promise<string[]> {
  const { endpoints } = await resolve(registry, setup)
  return endpoints.map((endpoint) => {
    const { baseUrl, apiPath, via, namespace, trust, plainHttpFallback } = endpoint
    const marks = [
      namespace === null ? '' : ` ns=${namespace}`,
      trust.skipVerify ? ' unverified' : '',
      plainHttpFallback === null ? '' : ` or ${plainHttpFallback}`,
      endpoint.operatorChosen ? ' chosen' : '',
    ]
    return `${via} ${baseUrl}${apiPath}${marks.join('')}`
  })
}

async function trustOf(
  changes: Partial<RegistrySettings>,
): Promise<{ trust: TlsTrust | undefined; problem: string | null }> {
  const { endpoints, problem } = await resolve(REGISTRY, {
    registries: [settings(changes)],
  })
  return { trust: endpoints[0]?.trust, problem }
}

function to(host: string): { 'hosts.toml': string } {
  return { 'hosts.toml': `server = "https://${host}"` }
}

await t.test('a registry that nothing is said about', async (suite) => {
  const cases: [string, string][] = [
    ['docker.io', 'origin https://registry-1.docker.io/v2'],
    ['registry.acme.test', 'origin https://registry.acme.test/v2'],
    ['registry.acme.test:5000', 'origin https://registry.acme.test:5000/v2'],
    ['localhost', 'origin https://localhost/v2 unverified'],
    ['localhost:443', 'origin https://localhost:443/v2 unverified'],
    ['localhost:80', 'origin http://localhost:80/v2'],
    [
      'localhost:5000',
      'origin https://localhost:5000/v2 unverified or http://localhost:5000',
    ],
    [
      '127.9.9.9:5000',
      'origin https://127.9.9.9:5000/v2 unverified or http://127.9.9.9:5000',
    ],
    ['[::1]:5000', 'origin https://[::1]:5000/v2 unverified or http://[::1]:5000'],
    ['[2001:db8::1]:5000', 'origin https://[2001:db8::1]:5000/v2'],
    ['localhost.evil.test:5000', 'origin https://localhost.evil.test:5000/v2'],
    ['127.evil.test:5000', 'origin https://127.evil.test:5000/v2'],
  ]
  for (const [registry, expected] of cases)
    suite.same(await shown(registry), [expected], registry)
})

await t.test('the settings of a registry', async (suite) => {
  const cases: [Partial<RegistrySettings>, string][] = [
    [{ plainHttp: true }, `origin http://${REGISTRY}/v2`],
    [{ endpoint: 'https://10.0.0.7:5000' }, 'origin https://10.0.0.7:5000/v2 chosen'],
    [{ endpoint: 'http://10.0.0.7:5000/' }, 'origin http://10.0.0.7:5000/v2 chosen'],
    [{ endpoint: '10.0.0.7:5000' }, 'origin https://10.0.0.7:5000/v2 chosen'],
    [
      { endpoint: '10.0.0.7:5000', plainHttp: true },
      'origin http://10.0.0.7:5000/v2 chosen',
    ],
    [{ endpoint: 'https://a.test/prefix/' }, 'origin https://a.test/prefix/v2 chosen'],
    [{ endpoint: 'ftp://a.test' }, `origin https://${REGISTRY}/v2`],
  ]
  for (const [changes, expected] of cases) {
    const registries = [settings(changes)]
    suite.same(await shown(REGISTRY, { registries }), [expected], JSON.stringify(changes))
  }

  await suite.test('hold for that exact host and port alone', async (test) => {
    const registries = [settings({ endpoint: 'https://10.0.0.7' })]
    for (const registry of [
      `${REGISTRY}:5000`,
      `x.${REGISTRY}`,
      'registry.acme.test.evil',
    ])
      test.same(await shown(registry, { registries }), [`origin https://${registry}/v2`])
  })

  await suite.test('move a loopback registry without its leniency', async (test) => {
    const registries = [settings({ host: 'localhost:5000', endpoint: 'https://a.test' })]
    test.same(await shown('localhost:5000', { registries }), [
      'origin https://a.test/v2 chosen',
    ])
  })

  await suite.test('have defaults', async (test) => {
    for (const hub of ['docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'])
      test.match(registrySettingsFor([], hub), { countsManifestGets: true }, hub)
    test.match(registrySettingsFor([], REGISTRY), { countsManifestGets: false })
    const own = settings({ host: 'docker.io', countsManifestGets: false })
    test.equal(registrySettingsFor([own], 'docker.io'), own)
  })
})

await t.test('files of trust', async (suite) => {
  const directory = suite.testdir({
    'ca.pem': `# comment\n${pair.ca}\n${pair.key}\n${other.ca}`,
    'not.pem': 'hello',
    'half.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'client.pem': pair.cert,
    'client.key': pair.key,
    'other.key': other.key,
    both: `${pair.cert}\n${pair.key}`,
  })
  const file = (name: string): string => join(directory, name)
  const authorities = await trustOf({ caFile: file('ca.pem') })
  suite.equal(authorities.problem, null)
  suite.equal(authorities.trust?.ca.length, 2, 'every certificate and nothing else')
  suite.notMatch(authorities.trust?.ca.join(''), /KEY/)

  const client = await trustOf({
    clientCertFile: file('client.pem'),
    clientKeyFile: file('client.key'),
  })
  suite.match(client, {
    problem: null,
    trust: { clientCert: pair.cert, clientKey: pair.key },
  })

  const problems: [Partial<RegistrySettings>, RegExp][] = [
    [{ caFile: file('absent.pem') }, /absent\.pem: does not exist$/],
    [{ caFile: file('not.pem') }, /not\.pem: holds no PEM certificate$/],
    [{ caFile: file('half.pem') }, /half\.pem: holds no PEM certificate$/],
    [{ caFile: directory }, /cannot be read \(EISDIR\)$/],
    [
      { clientCertFile: file('client.pem'), clientKeyFile: file('other.key') },
      /client\.pem: is no client certificate that fits the key in .*other\.key$/,
    ],
  ]
  for (const [changes, problem] of problems) {
    const found = await trustOf(changes)
    suite.match(found.problem, problem)
    suite.same(found.trust, {
      ca: [],
      clientCert: null,
      clientKey: null,
      skipVerify: false,
    })
  }
})

await t.test('a hosts.toml', async (suite) => {
  const cases: [what: string, toml: string, expected: string[]][] = [
    [
      'asks mirrors in order and the server last',
      `server = "https://up.acme.test"
       [host."https://b.test:5000"]
         capabilities = ["pull", "resolve"]
       [host."http://a.test"]`,
      [
        `mirror https://b.test:5000/v2 ns=${REGISTRY} chosen`,
        `mirror http://a.test/v2 ns=${REGISTRY} chosen`,
        `origin https://up.acme.test/v2 ns=${REGISTRY} chosen`,
      ],
    ],
    [
      'without a server asks the registry last, which nobody chose',
      '[host."https://b.test"]',
      [`mirror https://b.test/v2 ns=${REGISTRY} chosen`, `origin https://${REGISTRY}/v2`],
    ],
    [
      'may name the registry itself',
      `server = "https://${REGISTRY}"`,
      [`origin https://${REGISTRY}/v2 chosen`],
    ],
    [
      'takes paths, and /v2 only once',
      `server = "https://a.test/x/../proxy/v2/"
       [host."https://b.test/harbor/"]
       [host."https://c.test/api/v2/hub"]
         override_path = true
       [host."https://d.test/"]
         override_path = true`,
      [
        `mirror https://b.test/harbor/v2 ns=${REGISTRY} chosen`,
        `mirror https://c.test/api/v2/hub ns=${REGISTRY} chosen`,
        `mirror https://d.test ns=${REGISTRY} chosen`,
        `origin https://a.test/proxy/v2 ns=${REGISTRY} chosen`,
      ],
    ],
    [
      'takes hosts without a scheme, and drops user info',
      'server = "a.test:5000"\n[host."https://user:secret@b.test"]',
      [
        `mirror https://b.test/v2 ns=${REGISTRY} chosen`,
        `origin https://a.test:5000/v2 ns=${REGISTRY} chosen`,
      ],
    ],
    [
      'with TLS options on plain HTTP asks https first, but not on port 80',
      `server = "http://a.test:80"
       skip_verify = true
       [host."http://b.test:5000"]
         skip_verify = true`,
      [
        `mirror https://b.test:5000/v2 ns=${REGISTRY} unverified or http://b.test:5000 chosen`,
        `origin http://a.test:80/v2 ns=${REGISTRY} unverified chosen`,
      ],
    ],
  ]
  for (const [what, toml, expected] of cases) {
    await suite.test(what, async (test) => {
      const hostsDirectory = test.testdir({ [REGISTRY]: { 'hosts.toml': toml } })
      test.same(await shown(REGISTRY, { hostsDirectory }), expected)
      test.equal((await resolve(REGISTRY, { hostsDirectory })).problem, null)
    })
  }

  await suite.test(
    'gives capabilities, headers and files beside itself',
    async (test) => {
      const toml = `
      server = "https://a.test"
      ca = "ca.pem"
      [header]
        x-server = "s"
      [host."https://b.test"]
        capabilities = ["PULL"]
        dial_timeout = "1m30s"
        client = [["client.pem", "client.key"]]
        ca = ["ca.pem", "../ca2.pem"]
        [host."https://b.test".header]
          X-One = "1"
          x-two = ["2", "3"]
      [host."https://c.test"]
        client = ["both.pem"]
        unknown = { field = 1 }`
      const hostsDirectory = test.testdir({
        [REGISTRY]: {
          'hosts.toml': toml,
          'ca.pem': pair.ca,
          'client.pem': pair.cert,
          'client.key': pair.key,
          'both.pem': `${pair.cert}\n${pair.key}`,
        },
        'ca2.pem': other.ca,
      })
      const { endpoints, problem } = await resolve(REGISTRY, { hostsDirectory })
      test.equal(problem, null)
      test.match(endpoints, [
        {
          capabilities: { pull: true, resolve: false },
          headers: { 'x-one': '1', 'x-two': '2, 3' },
          trust: {
            ca: [pair.ca.trim(), other.ca.trim()],
            clientCert: pair.cert,
            clientKey: pair.key,
          },
        },
        {
          capabilities: { pull: true, resolve: true },
          trust: { clientCert: /BEGIN CERT/ },
        },
        {
          headers: { 'x-server': 's' },
          trust: { ca: [pair.ca.trim()], clientCert: null },
        },
      ])
    },
  )

  const broken: [string, RegExp][] = [
    ['server = ', /line 1, column \d+ is not TOML/],
    ['server = 5', /server is not a string/],
    [
      '[host."https://b.test"]\ncapabilities = ["push", "fly"]',
      /host 1 has a capability/,
    ],
    ['[host."https://b.test"]\ncapabilities = "pull"', /capabilities .* wrong type/],
    [
      '[host."https://b.test"]\nskip_verify = "yes"',
      /skip_verify of host 1 has the wrong/,
    ],
    [
      '[host."https://b.test"]\nclient = [["a", "b", "c"]]',
      /client of host 1 has the wrong/,
    ],
    ['[host."https://b.test"]\ndial_timeout = "soon"', /dial_timeout of host 1/],
    ['[host."https://b.test:99999"]', /host 1 is not the address of a host/],
    ['host = "https://b.test"', /host has the wrong type/],
    ['ca = 5', /ca of the root has the wrong type/],
    ['[header]\nx = 5', /header of the root has the wrong type/],
  ]
  for (const [toml, problem] of broken) {
    await suite.test(`is told and ignored when it is broken: ${toml}`, async (test) => {
      const hostsDirectory = test.testdir({ [REGISTRY]: { 'hosts.toml': toml } })
      const found = await resolve(REGISTRY, { hostsDirectory })
      test.match(found.problem, problem)
      test.match(found.problem, /hosts\.toml: ignored/)
      test.match(found.endpoints, [{ baseUrl: `https://${REGISTRY}`, via: 'origin' }])
    })
  }

  await suite.test('that is broken shows no secret of its headers', async (test) => {
    const toml = '[header]\nauthorization = "Basic c2VjcmV0\nx = 1'
    const hostsDirectory = test.testdir({ [REGISTRY]: { 'hosts.toml': toml } })
    const { problem } = await resolve(REGISTRY, { hostsDirectory })
    test.match(problem, /not TOML/)
    test.notMatch(problem, /c2Vj/)
  })
})

await t.test('the hosts directory', async (suite) => {
  const hostsDirectory = suite.testdir({
    'a.test_5000_': to('portable.test'),
    'a.test:5000': to('literal.test'),
    'b.test:5000': to('literal.test'),
    'a.test': to('bare.test'),
    '[2001:db8::1]_5000_': to('six.test'),
    'docker.test': { 'x.crt': pair.ca, 'c.cert': pair.cert, 'c.key': pair.key },
    _default: { 'hosts.toml': '[host."https://cache.test"]' },
  })
  const serverOf = async (registry: string): Promise<string | undefined> => {
    const { endpoints } = await resolve(registry, { hostsDirectory })
    return endpoints[0]?.baseUrl
  }
  const cases: [string, string][] = [
    ['a.test:5000', 'https://portable.test'],
    ['b.test:5000', 'https://literal.test'],
    ['a.test', 'https://bare.test'],
    ['[2001:db8::1]:5000', 'https://six.test'],
    ['a.test:5001', 'https://cache.test'],
    ['elsewhere.test', 'https://cache.test'],
    ['docker.io', 'https://cache.test'],
  ]
  for (const [registry, expected] of cases)
    suite.equal(await serverOf(registry), expected, registry)

  await suite.test('may hold certificates in the layout of Docker', async (test) => {
    const { endpoints } = await resolve('docker.test', { hostsDirectory })
    test.match(endpoints, [
      {
        baseUrl: 'https://docker.test',
        trust: { ca: [pair.ca.trim()], clientKey: pair.key },
      },
    ])
  })

  await suite.test('cannot be left by the name of a registry', async (test) => {
    const names = [
      '..',
      '.',
      '../etc',
      'a/b',
      'a\\b',
      '',
      '_default',
      'a\0b',
      '-a',
      '..:1',
    ]
    for (const name of names) test.same(directoryNames(name), ['_default'], name)
    assert(
      property(string({ unit: 'binary' }), (name) =>
        directoryNames(name).every(
          (part) => !/[/\\\0]/.test(part) && !part.startsWith('.'),
        ),
      ),
    )
  })

  await suite.test('that does not exist is no problem', async (test) => {
    const found = await resolve(REGISTRY, {
      hostsDirectory: join(hostsDirectory, 'none'),
    })
    test.match(found, { problem: null, endpoints: [{ baseUrl: `https://${REGISTRY}` }] })
  })
})

await t.test('hosts.toml says where, settings add trust', async (suite) => {
  const directory = suite.testdir({
    'a.pem': pair.ca,
    'b.pem': other.ca,
    tree: { [REGISTRY]: { 'hosts.toml': '[host."https://cache.test:5000"]' } },
  })
  const registries = [
    settings({ caFile: join(directory, 'a.pem'), endpoint: 'https://10.0.0.7' }),
    settings({ host: 'cache.test:5000', caFile: join(directory, 'b.pem') }),
  ]
  const hostsDirectory = join(directory, 'tree')
  const { endpoints } = await resolve(REGISTRY, { registries, hostsDirectory })
  suite.match(endpoints, [
    { baseUrl: 'https://cache.test:5000', trust: { ca: [other.ca.trim()] } },
    { baseUrl: 'https://10.0.0.7', trust: { ca: [pair.ca.trim()] } },
  ])
})

await t.test('files that change are read again', async (suite) => {
  const hostsDirectory = suite.testdir({
    [REGISTRY]: { 'hosts.toml': 'server = "https://a.test"' },
  })
  let nowMs = 1
  const now = (): number => nowMs
  const resolver = createEndpointResolver({ registries: [], hostsDirectory, now })
  const serverNow = async (): Promise<string | undefined> =>
    (await resolver.endpoints(REGISTRY)).endpoints[0]?.baseUrl
  suite.equal(await serverNow(), 'https://a.test')

  const path = join(hostsDirectory, REGISTRY, 'hosts.toml')
  writeFileSync(path, 'server = "https://longer.test"')
  suite.equal(await serverNow(), 'https://a.test', 'not at once')
  nowMs += 2_001
  suite.equal(await serverNow(), 'https://longer.test', 'but after two seconds')
})

await t.test('no text of a hosts.toml throws', async (suite) => {
  const words = [
    '[host."https://a"]',
    'server',
    '=',
    '"x"',
    '[',
    ']',
    '{',
    '}',
    '\n',
    '__proto__',
    'ca',
    '.',
    '1',
  ]
  const text = oneof(
    string({ unit: 'binary' }),
    array(constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join(' ')),
  )
  assert(
    property(text, (toml) => {
      const { status } = parseHostsToml(toml, '/certs.d')
      return status === 'read' || status === 'broken'
    }),
    { numRuns: 2_000 },
  )
  suite.equal(parseHostsToml(`a = ${'['.repeat(99_999)}`, '/').status, 'broken')
  suite.same(Object.keys({}), [], 'and Object.prototype is as it was')
})
