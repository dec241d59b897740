import * as fc from 'fast-check'
import { test } from 'tap'
import { configurationFields } from '../../src/configuration/configuration-fields.ts'
import {
  formatProblem,
  formatProblems,
} from '../../src/configuration/configuration-problem.ts'
import { nearestName } from '../../src/configuration/nearest-name.ts'
import {
  defaultConfiguration,
  readConfiguration,
} from '../../src/configuration/read-configuration.ts'
import { defaultRegistrySettings } from '../../src/registry/registry-settings-for.ts'
import type { Configuration } from '../../src/configuration/configuration.ts'

const FILE = '/etc/pullgate/config.yaml'

function read(text: string): Configuration {
  const result = readConfiguration(text, FILE)
  if (result.status === 'ok') return result.configuration
  throw new Error(formatProblems(result.problems))
}

function problemsOf(text: string): string[] {
  const result = readConfiguration(text, 'c.yaml')
  return result.status === 'ok' ? [] : result.problems.map(formatProblem)
}

test('nothing written means the defaults', (t) => {
  const nothings = [
    '',
    '\n',
    '# only a comment\n',
    '---\n',
    'null',
    '{}',
    'registries:\n',
  ]
  for (const text of nothings) t.same(read(text), defaultConfiguration(), text)
  const defaults = defaultConfiguration()
  t.match(defaults, {
    mode: 'enforce',
    controllerPods: 'warn',
    deadlineMs: 8000,
    runtimeProfile: 'auto',
    secrets: 'get',
    platforms: 'auto',
    hostsDirectory: null,
    allowSkip: true,
    nodeCredentials: { learn: true, complete: false },
    exempt: { namespaces: ['kube-system'] },
    logLevel: 'info',
  })
  defaults.exempt.namespaces.push('changed')
  t.not(defaultConfiguration().exempt.namespaces.includes('changed'), true)
  t.end()
})

const everything = `
mode: warn
actions: { ImageNotFound: deny, PlatformMismatch: warn, Unverified: allow }
controllerPods: deny
deadline: 1m30s
runtimeProfile: containerd-2.1
secrets: none
registries:
  - host: registry.acme.io
    endpoint: https://10.0.0.7:5000/
    caFile: acme-ca.pem
    clientCertFile: /tls/client.pem
    clientKeyFile: ../client.key
    plainHttp: true
    skip: true
    proxy: true
    mirrored: true
    allowManifestGets: false
  - host: docker.io
    allowManifestGets: true
  - host: "[fd00::1]:5000"
hostsDirectory: certs.d
nodeCredentialHosts: ["*.dkr.ecr.*.amazonaws.com"]
nodeCredentials:
  - dockerConfigFile: node.json
    complete: true
    credentialProviderConfig: /p/config.yaml
    credentialProviderBinDir: /p/bin
    learn: false
  - nodeSelector: { pool: gpu, empty: '' }
    dockerConfigFile: gpu.json
platforms: [linux/amd64, linux/arm/v7]
verifyIndexes: true
preloadedImages: ["localhost/*"]
network: { allow: [10.0.0.0/8, "fd00::/8"], deny: [192.0.2.1/32] }
allowedRegistries: [docker.io, '*.acme.test']
deniedRegistries: ['10.*']
exempt:
  namespaces: [infra-*]
  images: ["docker.io/library/*"]
  users: ["system:node:*"]
  serviceAccounts: ["flux-system:*", "*"]
allowSkip: false
harmlessMutators: [istio-*]
customResources:
  - apiVersion: argoproj.io/*
    kind: Rollout
    podTemplate: spec.template
  - apiVersion: v1
    kind: Thing
    images: [spec.image, "spec.parts[*].image", 'spec["my.image"]']
cache: { maxEntries: 10, maxBytes: 65536, digestTtl: 2h, tagTtl: 0s, refusalTtl: 1s, errorTtl: 100ms }
logLevel: trace
`

test('every field is read, with files beside the configuration file', (t) => {
  t.same(read(everything), {
    mode: 'warn',
    actions: { ImageNotFound: 'deny', PlatformMismatch: 'warn', Unverified: 'allow' },
    controllerPods: 'deny',
    deadlineMs: 90_000,
    runtimeProfile: 'containerd-2.1',
    secrets: 'none',
    registries: [
      {
        host: 'registry.acme.io',
        endpoint: 'https://10.0.0.7:5000',
        caFile: '/etc/pullgate/acme-ca.pem',
        clientCertFile: '/tls/client.pem',
        clientKeyFile: '/etc/client.key',
        plainHttp: true,
        skip: true,
        proxy: true,
        mirrored: true,
        countsManifestGets: true,
      },
      { ...defaultRegistrySettings('docker.io'), countsManifestGets: false },
      defaultRegistrySettings('[fd00::1]:5000'),
    ],
    hostsDirectory: '/etc/pullgate/certs.d',
    nodeCredentialHosts: ['*.dkr.ecr.*.amazonaws.com'],
    nodeCredentials: {
      dockerConfigFile: '/etc/pullgate/node.json',
      complete: true,
      credentialProviderConfig: '/p/config.yaml',
      credentialProviderBinDir: '/p/bin',
      learn: false,
      pools: [
        {
          nodeSelector: { pool: 'gpu', empty: '' },
          dockerConfigFile: '/etc/pullgate/gpu.json',
          complete: false,
          credentialProviderConfig: null,
          credentialProviderBinDir: null,
        },
      ],
    },
    platforms: ['linux/amd64', 'linux/arm/v7'],
    verifyIndexes: true,
    preloadedImages: ['localhost/*'],
    network: { allow: ['10.0.0.0/8', 'fd00::/8'], deny: ['192.0.2.1/32'] },
    allowedRegistries: ['docker.io', '*.acme.test'],
    deniedRegistries: ['10.*'],
    exempt: {
      namespaces: ['infra-*'],
      images: ['docker.io/library/*'],
      users: ['system:node:*'],
      serviceAccounts: ['flux-system:*', '*'],
    },
    allowSkip: false,
    harmlessMutators: ['istio-*'],
    customResources: [
      {
        apiVersion: 'argoproj.io/*',
        kind: 'Rollout',
        podTemplate: 'spec.template',
        images: [],
      },
      {
        apiVersion: 'v1',
        kind: 'Thing',
        podTemplate: null,
        images: ['spec.image', 'spec.parts[*].image', 'spec["my.image"]'],
      },
    ],
    cache: {
      maxEntries: 10,
      maxBytes: 65_536,
      digestTtlMs: 7_200_000,
      tagTtlMs: 0,
      refusalTtlMs: 1000,
      errorTtlMs: 100,
    },
    logLevel: 'trace',
  } satisfies Configuration)
  t.same(
    read('registries: [{host: docker.io}, {host: quay.io}]').registries.map(
      (registry) => registry.countsManifestGets,
    ),
    [true, false],
    'GETs are counted on Docker Hub alone unless the operator says otherwise',
  )
  t.end()
})

test('every field is described for the documentation', (t) => {
  const written = new Set(
    Array.from(everything.matchAll(/([a-zA-Z]+):(?= |\n)/g), ([, name]) => name),
  )
  for (const field of configurationFields) {
    t.ok(written.has(field.path.split('.').at(-1)), `${field.path} is tested above`)
    t.match(field.description, /^[A-Z].*\.$/, `${field.path}: a sentence`)
    t.not(field.type, '')
    t.not(field.default, '')
  }
  const shown = Object.fromEntries(configurationFields.map((f) => [f.path, f.default]))
  t.match(shown, {
    deadline: '8s',
    'cache.digestTtl': '1h',
    'cache.tagTtl': '1m',
    'registries[].host': 'required',
    'exempt.namespaces': '[kube-system]',
  })
  t.end()
})

// The text, then where the problem is and what its message has to hold.
const mistakes: [string, string, RegExp][] = [
  ['mode: strict', 'c.yaml:1:7: mode', /"strict".*enforce, warn or audit/],
  ['mode: off', 'c.yaml:1:7: mode', /"off"/],
  ['mode: [warn]', 'c.yaml:1:1: mode', /a list/],
  ['# c\nmod: warn', 'c.yaml:2:1: mod', /unknown field; did you mean "mode"\?/],
  ['colour: red', 'c.yaml:1:1: colour', /unknown field; known are mode, /],
  ['actions: { constructor: deny }', 'c.yaml:1:12: actions.constructor', /unknown cause/],
  ['actions: { imagenotfound: deny }', 'c.yaml:1:12', /did you mean "ImageNotFound"/],
  [
    'actions:\n  Unverified: block',
    'c.yaml:2:15: actions.Unverified',
    /deny, warn or all/,
  ],
  ['actions: deny', 'c.yaml:1:10: actions', /a map of cause/],
  ['- mode', 'c.yaml:1:1', /a list is not allowed; write a map of mode, /],
  ['hello', 'c.yaml:1:1', /"hello" is not allowed/],
  ['controllerPods: allow', 'c.yaml:1:17: controllerPods', /warn or deny/],
  ['deadline: 8', 'c.yaml:1:11: deadline', /"8".*unit.*8s/],
  ['deadline: 0s', 'c.yaml:1:11: deadline', /between 1ms and 10m/],
  ['deadline: 11m', 'c.yaml:1:11: deadline', /between 1ms and 10m/],
  ['deadline: -1s', 'c.yaml:1:11: deadline', /duration/],
  ['deadline: {s: 8}', 'c.yaml:1:1: deadline', /a map is not allowed/],
  ['runtimeProfile: docker', 'c.yaml:1:17: runtimeProfile', /containerd-2.1/],
  ['secrets: list', 'c.yaml:1:10: secrets', /get or none/],
  ['registries: {host: a.io}', 'c.yaml:1:1: registries', /a list of maps/],
  ['registries: [a.io]', 'c.yaml:1:14: registries[0]', /a map of host, endpoint/],
  ['registries: [{}]', 'c.yaml:1:14: registries[0].host', /is required/],
  ['registries: [{host: }]', 'c.yaml:1:14: registries[0].host', /is required/],
  ['registries: [{host: 5000}]', 'c.yaml:1:21: registries[0].host', /in quotes/],
  ['registries: [{host: "https://a.io"}]', 'c.yaml:1:21', /without scheme/],
  ['registries: [{host: a.io/team}]', 'c.yaml:1:21', /without scheme, path/],
  ['registries: [{host: "*.io"}]', 'c.yaml:1:21', /wildcard/],
  ['registries: [{host: ""}]', 'c.yaml:1:21', /host\[:port\]/],
  ['registries: [{host: registry}]', 'c.yaml:1:21', /exactly as in image references/],
  ['registries: [{host: "a.io:99999"}]', 'c.yaml:1:21', /port from 1 to 65535/],
  ['registries: [{host: index.docker.io}]', 'c.yaml:1:21', /write "docker.io"/],
  [
    'registries:\n  - host: a.io\n  - host: a.io',
    'c.yaml:3:5: registries[1]',
    /a.io is already in the list/,
  ],
  ['registries: [{host: a.io, endpoint: a.io}]', 'c.yaml:1:37', /http or https URL/],
  ['registries: [{host: a.io, endpoint: "http://b/v2"}]', 'c.yaml:1:37', /without path/],
  ['registries: [{host: a.io, endpoint: "http://"}]', 'c.yaml:1:37', /without path/],
  ['registries: [{host: a.io, endpoint: "ftp://b"}]', 'c.yaml:1:37', /http or https/],
  ['registries: [{host: a.io, plainHttp: yes}]', 'c.yaml:1:38', /"yes".*true or false/],
  ['registries: [{host: a.io, caFile: ""}]', 'c.yaml:1:35', /relative to the config/],
  ['registries: [{host: a.io, clientCertFile: a}]', 'c.yaml:1:43', /needs clientKeyFile/],
  ['registries: [{host: a.io, clientKeyFile: a}]', 'c.yaml:1:42', /needs clientCertFile/],
  [
    'registries: [{host: a.io, allowManifestGet: true}]',
    'c.yaml:1:27',
    /allowManifestGets/,
  ],
  ['nodeCredentialHosts: [""]', 'c.yaml:1:23: nodeCredentialHosts[0]', /glob/],
  ['nodeCredentials: {complete: true}', 'c.yaml:1:29', /dockerConfigFile/],
  ['nodeCredentials: {credentialProviderConfig: a}', 'c.yaml:1:45', /BinDir beside/],
  ['nodeCredentials: {credentialProviderBinDir: a}', 'c.yaml:1:45', /Config beside/],
  ['nodeCredentials: [{}, {}]', 'c.yaml:1:23: nodeCredentials[1]', /second entry/],
  [
    'nodeCredentials: [{nodeSelector: {pool: 1}}]',
    'c.yaml:1:41: nodeCredentials[0].nodeSelector.pool',
    /in quotes/,
  ],
  ['nodeCredentials: [{nodeSelector: gpu}]', 'c.yaml:1:34', /map of label/],
  ['nodeCredentials: [{complete: true}]', 'c.yaml:1:30', /dockerConfigFile/],
  ['platforms: linux', 'c.yaml:1:12: platforms', /auto or a list/],
  ['platforms: []', 'c.yaml:1:1: platforms', /is empty/],
  ['platforms: [amd64]', 'c.yaml:1:13: platforms[0]', /linux\/amd64/],
  ['preloadedImages: [" a"]', 'c.yaml:1:19: preloadedImages[0]', /without surrounding/],
  ['allowedRegistries: []', 'c.yaml:1', /is empty; write "\*"/],
  ['network: {allow: [10.0.0.1]}', 'c.yaml:1:19', /such as 10.0.0.1\/32/],
  ['network: {allow: ["::1"]}', 'c.yaml:1:19', /such as ::1\/128/],
  ['network: {allow: [10.0.0.0/33]}', 'c.yaml:1:19: network.allow[0]', /10.0.0.0\/8/],
  ['network: {allow: [10.0.0/8]}', 'c.yaml:1:19', /CIDR/],
  ['network: {deny: [10.0.0.0/8/8]}', 'c.yaml:1:18: network.deny[0]', /CIDR/],
  ['network: {deny: ["fe80::1%eth0/64"]}', 'c.yaml:1:18', /CIDR/],
  ['exempt: {users: jane}', 'c.yaml:1:17: exempt.users', /a list of glob/],
  ['exempt: {users: [1]}', 'c.yaml:1:18: exempt.users[0]', /in quotes/],
  ['exempt: {users: [~]}', 'c.yaml:1:18: exempt.users[0]', /nothing is not allowed/],
  ['exempt: {serviceAccounts: [flux]}', 'c.yaml:1:28', /namespace:name/],
  ['exempt: {serviceAccounts: ["system:serviceaccount:a:b"]}', 'c.yaml:1:28', /"a:b"/],
  ['allowSkip: 1', 'c.yaml:1:12: allowSkip', /true or false/],
  ['customResources: [{kind: A, images: [a]}]', 'c.yaml:1:19', /apiVersion: is required/],
  ['customResources: [{apiVersion: "*", kind: A, images: [a]}]', 'c.yaml:1:32', /group/],
  ['customResources: [{apiVersion: v1, kind: a, images: [a]}]', 'c.yaml:1:42', /Rollout/],
  ['customResources: [{apiVersion: v1, kind: A}]', 'c.yaml:1:19', /podTemplate: is req/],
  [
    'customResources: [{apiVersion: v1, kind: A, podTemplate: $.a}]',
    'c.yaml:1:58',
    /dot/,
  ],
  [
    'customResources: [{apiVersion: v1, kind: A, images: ["a[x]"]}]',
    'c.yaml:1:54',
    /dot/,
  ],
  ['cache: {maxEntries: 0}', 'c.yaml:1:21: cache.maxEntries', /from 1 to/],
  ['cache: {maxBytes: 1}', 'c.yaml:1:19: cache.maxBytes', /from 65536 to/],
  ['cache: {maxEntries: 1.5}', 'c.yaml:1:21: cache.maxEntries', /whole number/],
  ['cache: {refusalTtl: 3s}', 'c.yaml:1:21: cache.refusalTtl', /2s/],
  ['logLevel: verbose', 'c.yaml:1:11: logLevel', /"verbose".*debug/],
  ['mode: warn\nmode: audit', 'c.yaml:2:1', /not valid YAML: .*"mode" is set twice/],
  ['mode: "warn', 'c.yaml:1:12', /not valid YAML/],
  ['mode: *x', 'c.yaml:1:7', /alias has no anchor/],
  ['mode: warn\n---\nmode: audit', 'c.yaml:3:1', /a second begins/],
  ['? [a]\n: 1', 'c.yaml:1:3', /Keys must be strings/],
  ['exempt: &a {users: *a}', 'c.yaml:1:', /alias stands inside/],
  [
    `mode: ${'['.repeat(50)}${']'.repeat(50)}`,
    'c.yaml:1:1: mode',
    /a list is not allowed/,
  ],
  ['['.repeat(20_000), 'c.yaml:1:', /nested deeper/],
  ['#'.repeat(2 ** 18 + 1), 'c.yaml:1:1', /more than the 262144/],
]

test('every kind of mistake is named with its place and what is allowed', (t) => {
  for (const [text, place, message] of mistakes) {
    const [first = ''] = problemsOf(text)
    const name = text.slice(0, 60)
    t.ok(first.startsWith(place), `${name}: ${first}`)
    t.match(first, message, name)
    t.notMatch(first, /\n/, name)
  }
  t.end()
})

test('all problems are reported at once, in the order of the file', (t) => {
  const text = 'logLevel: loud\nregistries:\n- host: a/b\n  caFle: x\nmode: on\nmood: 1\n'
  t.same(
    problemsOf(text).map((problem) => problem.split(' ', 2).join(' ')),
    [
      'c.yaml:1:11: logLevel:',
      'c.yaml:3:9: registries[0].host:',
      'c.yaml:4:3: registries[0].caFle:',
      'c.yaml:5:7: mode:',
      'c.yaml:6:1: mood:',
    ],
  )
  const many = Array.from({ length: 500 }, (_, index) => `x${index}: 1`).join('\n')
  t.equal(problemsOf(many).length, 100)
  t.end()
})

test('a password in an address never gets into a message', (t) => {
  for (const field of ['endpoint', 'host']) {
    const text = `registries: [{${field}: "https://jane:hunter2@a.io/x"}]`
    const told = problemsOf(text).join('\n')
    t.match(told, '***@a.io')
    t.notMatch(told, 'hunter2')
  }
  t.end()
})

test('anchors and aliases, JSON and quotes are read as YAML has them', (t) => {
  t.same(read('exempt: {users: &u [a], namespaces: *u}').exempt.namespaces, ['a'])
  t.equal(read('{"mode": "audit", "deadline": "2s"}').deadlineMs, 2000)
  t.equal(read("deadline: '500ms'").deadlineMs, 500)
  t.equal(read('deadline: 1500us').deadlineMs, 2)
  t.same(read('exempt: {users: ["5000", !!str 7]}').exempt.users, ['5000', '7'])
  const bomb = `exempt: {users: [&a [${'x,'.repeat(9)}], ${'&b [*a,*a,*a,*a,*a,*a,*a],'.repeat(50)}]}`
  t.ok(problemsOf(bomb).length > 0)
  t.end()
})

test('only a near name is suggested', (t) => {
  t.equal(nearestName('registry', ['registries', 'mode']), null)
  t.equal(nearestName('registrys', ['registries', 'mode']), 'registries')
  t.equal(nearestName('MODE', ['registries', 'mode']), 'mode')
  t.equal(nearestName('x', ['registries', 'mode']), null)
  t.equal(nearestName('x'.repeat(1000), ['mode']), null)
  t.end()
})

test('no text makes it throw', (t) => {
  const names = configurationFields.map(({ path }) => path.split('.').at(-1) ?? '')
  const { any: value } = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 4 }),
    ),
  }))
  const yamlLike = fc.string({
    unit: fc.constantFrom(
      ...Array.from('&*!|>%@`{}[],:-?#\'"\n\t abmode1~<\ufeff\u0000'),
    ),
    maxLength: 40,
  })
  const texts = fc.oneof(
    yamlLike,
    fc.string({ unit: 'binary' }),
    value.map((json) => JSON.stringify(json)),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const result = readConfiguration(text, 'c.yaml')
      return result.status === 'ok' || result.problems.length > 0
    }),
    { numRuns: 500 },
  )
  t.end()
})
