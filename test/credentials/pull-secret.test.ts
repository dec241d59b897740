import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { test } from 'tap'
import {
  candidateKeys,
  explainNoMatch,
  requiredKey,
} from '../../src/credentials/closest-key.ts'
import { describeNearMiss } from '../../src/credentials/describe-near-miss.ts'
import { buildKeyring } from '../../src/credentials/keyring.ts'
import type { NearMissReason } from '../../src/credentials/near-miss.ts'
import { createNodeCredentialHostMatcher } from '../../src/credentials/node-credential-hosts.ts'
import { readPullSecret } from '../../src/credentials/pull-secret.ts'
import {
  createSecretCommand,
  patchServiceAccountCommand,
} from '../../src/credentials/secret-commands.ts'

const HUB = 'docker.io/library/nginx'
const OWN = 'reg.example.com/team/app'
const PORT = 'reg.example.com:5000/team/app'
const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/app'
const MARK = 'h1dden'
const JSON_TYPE = 'kubernetes.io/dockerconfigjson'

const SECRET = { namespace: 'team-a', name: 'pull', type: JSON_TYPE, data: {} }

const NEAR_MISSES: [key: string, image: string, why: NearMissReason | null][] = [
  ['reg.example.com', PORT, { reason: 'missing-port', port: '5000' }],
  ['reg.example.com:443', OWN, { reason: 'extra-port', port: '443' }],
  [
    'reg.example.com:443',
    PORT,
    { reason: 'other-port', port: '443', wantedPort: '5000' },
  ],
  ['https://index.docker.io/v1', HUB, { reason: 'version-without-slash', version: 'v1' }],
  ['https://reg.example.com/v2', OWN, { reason: 'version-without-slash', version: 'v2' }],
  ['registry-1.docker.io', HUB, { reason: 'docker-hub-name' }],
  ['https://hub.docker.com/', HUB, { reason: 'docker-hub-name' }],
  ['registry.hub.docker.com', HUB, { reason: 'docker-hub-name' }],
  ['*.docker.io', HUB, { reason: 'docker-hub-name' }],
  ['DOCKER.IO', HUB, { reason: 'letter-case' }],
  ['REG.example.com', OWN, { reason: 'letter-case' }],
  ['reg.example.com/Team', OWN, { reason: 'letter-case' }],
  ['reg.example.com/team/app/', OWN, { reason: 'path-too-long' }],
  ['reg.example.com/team/app:v1', OWN, { reason: 'path-too-long' }],
  ['reg.example.com/other', OWN, { reason: 'other-path' }],
  ['docker.io/bitnami', HUB, { reason: 'other-path' }],
  ['index.docker.io/library', HUB, { reason: 'other-path' }],
  ['reg.example.com/*', OWN, { reason: 'glob-outside-host' }],
  ['reg.example.com:*', PORT, { reason: 'glob-outside-host' }],
  ['oci://reg.example.com', OWN, { reason: 'scheme', scheme: 'oci://' }],
  ['HTTPS://reg.example.com', OWN, { reason: 'scheme', scheme: 'HTTPS://' }],
  [' reg.example.com\n', OWN, { reason: 'whitespace' }],
  ['*.amazonaws.com', ECR, { reason: 'too-few-labels' }],
  ['*', OWN, { reason: 'too-few-labels' }],
  ['example.com', OWN, { reason: 'parent-domain' }],
  ['.example.com', OWN, { reason: 'parent-domain' }],
  [
    'registry.example.com',
    OWN,
    { reason: 'other-label', label: 'registry', wantedLabel: 'reg' },
  ],
  ['gcr.io', 'ghcr.io/a/b', { reason: 'other-label', label: 'gcr', wantedLabel: 'ghcr' }],
  ['reg%zz.reg.example.com', OWN, { reason: 'invalid-key' }],
  ['com', OWN, null],
  ['quay.io', 'ghcr.io/a/b', null],
  ['other.test', OWN, null],
  ['', OWN, null],
]

await test('tells why the closest key does not match', async (t) => {
  for (const [key, image, why] of NEAR_MISSES) {
    const nearMiss = explainNoMatch(
      [
        { key: 'unrelated.test', origin: { kind: 'pull-secret', source: 'a/other' } },
        { key, origin: { kind: 'pull-secret', source: 'a/b' } },
      ],
      image,
    )
    t.strictSame(nearMiss?.why ?? null, why, `${key} for ${image}`)
    if (nearMiss === null) continue
    t.equal(nearMiss.origin.source, 'a/b')
    const text = describeNearMiss(nearMiss)
    t.match(
      text,
      /^The key ".*" of secret a\/b does not match: .+\. The key that matches is ".+"\.$/,
    )
    t.ok(matches(nearMiss.requiredKey, image), `${nearMiss.requiredKey} for ${image}`)
  }
})

await test('the key that is asked for matches every image of its host', async (t) => {
  for (const image of [
    HUB,
    OWN,
    PORT,
    ECR,
    'localhost:5000/a',
    'localhost/a',
    '[::1]:5000/a',
  ])
    t.ok(matches(requiredKey(image), image), image)
  t.equal(requiredKey('index.docker.io/a/b'), 'https://index.docker.io/v1/')
})

await test('explanations neither fail nor show what stands in front of an @', async () => {
  const key = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.domain().map((name) => `https://${MARK}:${MARK}@${name}:1/x?${MARK}`),
  )
  fc.assert(
    fc.property(fc.array(key), fc.constantFrom(HUB, OWN, PORT), (keys, image) => {
      const entries = keys.map((text) => ({ key: text, username: MARK, password: MARK }))
      const candidates = candidateKeys([{ kind: 'pull-secret', source: 'a/b', entries }])
      const nearMiss = explainNoMatch(candidates, image)
      return nearMiss === null || !describeNearMiss(nearMiss).includes(MARK)
    }),
  )
})

await test('reads a Secret as the kubelet does', async (t) => {
  const auths = {
    'https://index.docker.io/v1/': { auth: 'dTpw' },
    'reg.example.com': {},
    'ecr.example.com': { identitytoken: 't' },
    'half.example.com': { username: 'u' },
    'latin.example.com': { auth: Buffer.from('u:p\u00e4', 'latin1').toString('base64') },
    'bad key': { auth: 'dTpw' },
  }

  const reading = secret({ auths, credsStore: 'desktop' })

  t.match(reading, {
    status: 'usable',
    hasCredentials: true,
    unreadFields: ['credsStore'],
    remarks: [
      { key: 'reg.example.com', remark: 'no-credential' },
      { key: 'ecr.example.com', remark: 'token-only' },
      { key: 'half.example.com', remark: 'half-credential' },
      { key: 'latin.example.com', remark: 'not-utf8' },
      { key: 'bad key', remark: 'invalid-key' },
    ],
    keys: [
      'https://index.docker.io/v1/',
      'reg.example.com',
      'ecr.example.com',
      'half.example.com',
    ],
    source: { kind: 'pull-secret', source: 'team-a/pull' },
  })
})

await test('reads the older type, without the wrapper', async (t) => {
  const reading = readPullSecret({
    ...SECRET,
    type: 'kubernetes.io/dockercfg',
    data: { '.dockercfg': base64('{"reg.example.com":{"auth":"dTpw"}}') },
  })
  t.match(reading, { status: 'usable', keys: ['reg.example.com'], hasCredentials: true })
})

await test('tells secrets that the kubelet ignores or cannot decode apart', async (t) => {
  t.strictSame(readPullSecret({ ...SECRET, type: 'Opaque' }), {
    status: 'wrong-type',
    type: 'Opaque',
    holdsDockerConfig: false,
  })
  t.strictSame(
    readPullSecret({ ...SECRET, type: 'constructor', data: { '.dockercfg': 'e30=' } }),
    { status: 'wrong-type', type: 'constructor', holdsDockerConfig: true },
  )
  t.strictSame(readPullSecret({ ...SECRET, data: { 'config.json': 'e30=' } }), {
    status: 'missing-key',
    wantedKey: '.dockerconfigjson',
    presentKeys: ['config.json'],
  })
  const nothing = { status: 'empty', remarks: [], unreadFields: [], unwrappedKeys: [] }
  t.strictSame(readPullSecret({ ...SECRET, data: { '.dockerconfigjson': '' } }), nothing)
  t.strictSame(secret({ auths: {} }), nothing)
  t.strictSame(secret({ credHelpers: { a: 'b' } }), {
    ...nothing,
    unreadFields: ['credHelpers'],
  })
  t.strictSame(secret({ 'reg.example.com': { auth: 'dTpw' } }), {
    ...nothing,
    unwrappedKeys: ['reg.example.com'],
  })
  t.strictSame(secret({ auths: { 'a b': {} } }), {
    ...nothing,
    remarks: [{ key: 'a b', remark: 'invalid-key' }],
  })
  t.strictSame(secret({ auths: { 'reg.example.com': { auth: '!' } } }), {
    status: 'malformed',
    reason: 'illegal base64 data at input byte 0',
    key: 'reg.example.com',
  })
  t.strictSame(readPullSecret({ ...SECRET, data: { '.dockerconfigjson': 'e30' } }), {
    status: 'malformed',
    reason: 'illegal base64 data at input byte 0',
    key: null,
  })
})

await test('hosts for which nodes have credentials are matched label by label', async (t) => {
  const match = createNodeCredentialHostMatcher(['*.corp.test:5000', 'bad host'])
  const known = [
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
    '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
    '123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com',
    '123456789012.dkr-ecr.eu-west-1.on.aws',
    '123456789012.dkr-ecr-fips.us-east-1.on.aws',
    '123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn',
    '123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov',
    'gcr.io',
    'eu.gcr.io',
    'europe-docker.pkg.dev',
    'acme.azurecr.io',
    'acme.azurecr.cn',
    'public.ecr.aws',
    'a.corp.test:5000',
  ]
  const strangers = [
    'evilgcr.io',
    'gcr.io.evil.io',
    'gcr.io:5000',
    'GCR.io',
    'amazonaws.com',
    'dkr.ecr.eu-west-1.amazonaws.com',
    'x.y.dkr.ecr.eu-west-1.amazonaws.com',
    'azurecr.io',
    'a.b.azurecr.io',
    'a.corp.test',
    'docker.io',
    '',
    ':',
  ]
  for (const host of known) t.ok(match(host), host)
  for (const host of strangers) t.equal(match(host), null, host)
  t.equal(match('a.corp.test:5000'), '*.corp.test:5000')
})

await test('commands can be pasted and hold no value', async (t) => {
  t.equal(
    createSecretCommand({ namespace: 'team-a', name: 'pull', server: requiredKey(HUB) }),
    'kubectl -n team-a create secret docker-registry pull --docker-server=https://index.docker.io/v1/ --docker-username=... --docker-password=...',
  )
  t.equal(
    createSecretCommand({
      namespace: 'team-a',
      name: 'pull',
      server: 'reg.example.com:5000',
      renew: true,
    }),
    'kubectl -n team-a create secret docker-registry pull --docker-server=reg.example.com:5000 --docker-username=... --docker-password=... --dry-run=client -o yaml | kubectl apply -f -',
  )
  t.equal(
    patchServiceAccountCommand({
      namespace: 'team-a',
      serviceAccount: 'default',
      secret: 'pull',
      existing: ['old'],
    }),
    `kubectl -n team-a patch serviceaccount default -p '{"imagePullSecrets":[{"name":"old"},{"name":"pull"}]}'`,
  )
})

await test('a hostile name stays one word of the shell', async (t) => {
  for (const name of [
    "a'; rm -rf ~; '",
    '$(id)',
    '`id`',
    '-x',
    'a b',
    'a\nb',
    '',
    '*',
    '~',
  ]) {
    const command = createSecretCommand({ namespace: 'a', name, server: 'b' })
    const script = command.replace('kubectl', 'set --').concat('\nprintf "%s|" "$#" "$6"')
    const shown = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })
    t.equal(shown, `9|${name.replace('\n', ' ')}|`)
  }
})

function secret(config: unknown) {
  const data = { '.dockerconfigjson': base64(JSON.stringify(config)) }
  return readPullSecret({ ...SECRET, data })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function matches(key: string, image: string): boolean {
  const entries = [{ key, username: 'u', password: 'p' }]
  const keyring = buildKeyring([{ kind: 'pull-secret', source: 'a/b', entries }])
  return keyring.match(image).length > 0
}
