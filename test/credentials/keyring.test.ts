import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { test } from 'tap'
import { decodeDockerConfigJson } from '../../src/credentials/docker-config.ts'
import {
  buildKeyring,
  createKeyring,
  isAnonymous,
  matchKeyrings,
  toIndexKey,
  type KeyringSource,
} from '../../src/credentials/keyring.ts'
import { labelMatches } from '../../src/credentials/url-glob.ts'

interface Vector {
  repository: string
  dockerConfigs: unknown[]
  matched?: boolean
  credentials?: string[]
  error?: string
}

const vectorsFile = new URL('../vectors/keyring.json', import.meta.url)
const vectors: Vector[] = JSON.parse(readFileSync(vectorsFile, 'utf8'))

const MARK = 'h1dden'
const HUB = 'docker.io/library/nginx'
const OWN = 'reg.example.com/team/app'

/** Keys with the answer for an image, from the table of pull-semantics 3.4. */
const KEY_TABLE: [image: string, matching: string[], others: string[]][] = [
  [
    HUB,
    [
      'https://index.docker.io/v1/',
      'https://index.docker.io/v2/',
      'index.docker.io',
      'index.docker.io/',
      'docker.io',
      'https://docker.io',
      'docker.io/v1/',
      'docker.io/library',
      'docker.io/lib',
      '*.io',
      'docker.*',
    ],
    [
      'https://index.docker.io/v1',
      'docker.io/bitnami',
      'index.docker.io/library',
      'registry-1.docker.io',
      'hub.docker.com',
      'registry.hub.docker.com',
      '*.docker.io',
      '*',
      'DOCKER.IO',
    ],
  ],
  [
    OWN,
    [
      'reg.example.com',
      'https://reg.example.com',
      'http://reg.example.com/',
      'reg.example.com/v1/',
      'https://reg.example.com/v2/',
      'reg.example.com/team',
      'reg.example.com/team/',
      'reg.example.com/te',
      'reg.example.com/team/app',
      'reg.example.com/v2/team',
      '*.example.com',
      'reg.*.com',
      'reg.example.*',
      '*.*.com',
      '*reg.example.com',
      'user:pw@reg.example.com',
      'reg.example.com?a=b',
      'reg.example.com:',
      'reg.example.com/%74eam',
    ],
    [
      'reg.example.com/v2',
      'reg.example.com/team/app/',
      'reg.example.com/team/app:v1',
      'reg.example.com/other',
      'reg.example.com/Team',
      '*.com',
      '*',
      'example.com',
      '.example.com',
      'reg.example.com:443',
      'reg.example.com:5000',
      'reg.example.com:*',
      'reg.example.com/*',
      '*/team',
      'REG.example.com',
      'oci://reg.example.com',
      'docker://reg.example.com',
      'HTTPS://reg.example.com',
      'reg.example.com ',
      ' reg.example.com',
      'reg%zz.example.com',
      're?.example.com',
      '[a-z]eg.example.com',
    ],
  ],
  [
    'reg.example.com:5000/app',
    ['reg.example.com:5000', '*.example.com:5000', 'https://reg.example.com:5000/v2/'],
    ['reg.example.com', '*.example.com', 'reg.example.com:*'],
  ],
  [
    'localhost:5000/app',
    ['localhost:5000', '*:5000', 'http://localhost:5000'],
    ['localhost', '*'],
  ],
  [
    '[::1]:5000/app',
    ['[::1]:5000', '*:5000'],
    ['::1', '[::1]', '[::1]:5001', '[::g]:5000'],
  ],
  [
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com/app',
    ['*.dkr.ecr.*.amazonaws.com', '123456789012.dkr.ecr.*.amazonaws.com/app'],
    ['*.amazonaws.com', '*.dkr.ecr.*.amazonaws.com.cn'],
  ],
]

await test('the answers of the real keyring', async (t) => {
  for (const { repository, dockerConfigs, error, ...expected } of vectors) {
    const name = `${repository} with ${JSON.stringify(dockerConfigs)}`
    if (error !== undefined) {
      t.throws(
        () => createKeyring(dockerConfigs),
        { code: 'PullSecretMalformed', reason: error },
        name,
      )
      continue
    }
    const { matched, credentials } = createKeyring(dockerConfigs).lookup(repository)
    const shown = credentials.map(({ username, password }) => `${username}:${password}`)
    t.strictSame({ matched, credentials: shown }, expected, name)
  }
})

await test('which keys are used for an image', async (t) => {
  for (const [image, matching, others] of KEY_TABLE) {
    for (const key of matching) t.ok(matches(key, image), `${key} is used for ${image}`)
    for (const key of others) t.notOk(matches(key, image), `${key} is not for ${image}`)
  }
})

await test('keeps prototypes out of it', async (t) => {
  const config: unknown = JSON.parse(
    '{"auths":{"__proto__":{"username":"a","password":"b"},"constructor":{"username":"c","password":"d"}}}',
  )
  const keyring = createKeyring([config])

  t.strictSame(keyring.lookup('__proto__/x').credentials, [
    { username: 'a', password: 'b' },
  ])
  t.strictSame(keyring.lookup('constructor/x').credentials, [
    { username: 'c', password: 'd' },
  ])
  t.equal(keyring.lookup('toString/x').matched, false)
})

await test('longer paths first, globs last, then the order of the secrets', async (t) => {
  const keyring = buildKeyring([
    source('team/first', ['*.example.com', 'reg.example.com']),
    source('team/second', ['reg.example.com/team', 'https://reg.example.com/v1/']),
  ])

  const origins = keyring.match(OWN).map(({ origin }) => `${origin.source} ${origin.key}`)

  t.strictSame(origins, [
    'team/second reg.example.com/team',
    'team/first reg.example.com',
    'team/second https://reg.example.com/v1/',
    'team/first *.example.com',
  ])
})

await test('by bytes, as Go sorts, not by UTF-16 units', async (t) => {
  const keyring = buildKeyring([
    source('a/b', [
      'reg.example.com/\u{1f600}',
      'reg.example.com/\uff5e',
      'reg.example.com',
    ]),
  ])

  const keys = (path: string) => keyring.match(`reg.example.com/${path}`).length
  t.equal(keys('\u{1f600}x'), 2)
  t.equal(keys('\uff5ex'), 2)
  t.ok((toIndexKey('a/\u{1f600}') ?? '') > (toIndexKey('a/\uff5e') ?? ''))
})

await test('the key of Docker Hub counts only where nothing else of its keyring does', async (t) => {
  const both = buildKeyring([source('a/b', ['docker.io', 'https://index.docker.io/v1/'])])
  const hubOnly = buildKeyring([source('node', ['https://index.docker.io/v1/'])])

  const keys = matchKeyrings([both, hubOnly], HUB).map(({ origin }) => origin.key)

  t.strictSame(keys, ['docker.io', 'https://index.docker.io/v1/'])
})

await test('shows no user name or password that stands in a key', async (t) => {
  const [match] = buildKeyring([
    source('a/b', ['https://robot:s3cret@reg.example.com/team?token=s3cret']),
  ]).match(OWN)

  t.equal(match?.origin.key, 'https://…@reg.example.com/team…')
})

await test('an entry without both parts is an anonymous attempt', async (t) => {
  t.equal(isAnonymous({ username: '', password: '' }), true)
  t.equal(isAnonymous({ username: 'u', password: '' }), true)
  t.equal(isAnonymous({ username: 'u', password: 'p' }), false)
})

await test('one hostile key cannot cost more than its length', async (t) => {
  const glob = '*a'.repeat(5_000)
  t.equal(labelMatches(glob, 'a'.repeat(3_000)), false)
})

await test('a label matches as a regular expression made of the glob would', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), maxLength: 8 })
  fc.assert(
    fc.property(text, text, (glob, raw) => {
      const label = raw.replaceAll('*', 'a')
      const expected = new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(label)
      return labelMatches(glob, label) === expected
    }),
  )
})

await test('the key made of an image’s own host always matches it', async () => {
  fc.assert(
    fc.property(host(), fc.constantFrom('app', 'team/app', 'v1/app'), (name, path) =>
      [
        name,
        `https://${name}`,
        `https://${name}/v1/`,
        `${name}/${path.slice(0, 2)}`,
      ].every((key) => matches(key, `${name}/${path}`) || /^v[12]/.test(path)),
    ),
  )
})

await test('any key is either ignored or indexed, and looking up never throws', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string(),
      (key, image) => {
        const { matched, credentials } = createKeyring([{ auths: { [key]: {} } }]).lookup(
          image,
        )
        return matched === credentials.length > 0
      },
    ),
  )
})

await test('any JSON is decoded or refused as malformed, without quoting it', async () => {
  const entry = fc.oneof(
    fc.jsonValue(),
    fc.record({ auth: marked(), username: fc.jsonValue() }),
  )
  const config = fc.oneof(
    fc.jsonValue(),
    fc.record({
      auths: fc.dictionary(fc.domain(), entry),
      HttpHeaders: fc.jsonValue(),
    }),
  )
  fc.assert(
    fc.property(config, (value) => {
      try {
        decodeDockerConfigJson(JSON.stringify(value))
        return true
      } catch (error) {
        if (!(error instanceof Error) || !('reason' in error)) return false
        return error.name === 'PullSecretMalformed' && !error.message.includes(MARK)
      }
    }),
  )
})

function marked() {
  return fc.string().map((text) => `${MARK}${text}`)
}

function host() {
  const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: null })
  return fc
    .tuple(fc.domain(), port)
    .map(([name, number]) => (number === null ? name : `${name}:${number}`))
}

function matches(key: string, image: string): boolean {
  return buildKeyring([source('ns/secret', [key])]).match(image).length > 0
}

function source(name: string, keys: string[]): KeyringSource {
  const entries = keys.map((key) => ({ key, username: 'u', password: 'p' }))
  return { kind: 'pull-secret', source: name, entries }
}
