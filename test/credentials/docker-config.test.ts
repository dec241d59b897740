import { test } from 'tap'
import { PullSecretMalformed } from '../../src/credentials/pull-secret-malformed.ts'
import {
  decodeDockerConfigJson,
  decodeDockercfg,
} from '../../src/credentials/docker-config.ts'
import { decodeGoBase64 } from '../../src/credentials/go-base64.ts'

const U_P = { username: 'u', password: 'p' }
const NOBODY = { username: '', password: '' }
const AUTH = 'unable to parse auth field, must be formatted as base64(username:password)'
const ENTRY_TYPE = 'credentialprovider.dockerConfigEntryWithAuth'

/** pull-semantics 3.2, as JSON text, because duplicates and order count. */
const ENTRIES: [entry: string, expected: { username: string; password: string }][] = [
  ['{"auth":"dTpw"}', U_P],
  ['{"auth":"dTpw\\n"}', U_P],
  ['{"auth":"dT\\r\\npw"}', U_P],
  ['{"auth":"dTpwdw=="}', { username: 'u', password: 'pw' }],
  ['{"auth":"dTpwdw"}', { username: 'u', password: 'pw' }],
  ['{"auth":"dTpwdw==\\n"}', { username: 'u', password: 'pw' }],
  ['{"auth":"dTphOmI"}', { username: 'u', password: 'a:b' }],
  ['{"auth":"dTpw","username":"x","password":"y"}', U_P],
  ['{"auth":"","username":"u","password":"p"}', U_P],
  ['{"auth":null,"username":"u","password":"p"}', U_P],
  ['{"auth":"dTo="}', { username: 'u', password: '' }],
  ['{}', NOBODY],
  ['null', NOBODY],
  ['{"email":"a@b"}', NOBODY],
  ['{"identitytoken":"t"}', NOBODY],
  ['{"registrytoken":"t"}', NOBODY],
  ['{"Username":"u","PASSWORD":"p"}', U_P],
  ['{"u\\u017fername":"u","pa\\u017f\\u017fword":"p"}', U_P],
  ['{"username":"x","username":"u","password":"p"}', U_P],
  ['{"username":"u","username":null,"password":"p"}', U_P],
  ['{"username":"u","password":"p","more":[{"a":["]"]}, "\\"}"]}', U_P],
]

const BROKEN_ENTRIES: [entry: string, reason: string][] = [
  ['{"auth":"dXA"}', AUTH],
  ['{"auth":"\\n"}', AUTH],
  ['{"auth":" dTpw"}', 'illegal base64 data at input byte 0'],
  ['{"auth":"YTp-"}', 'illegal base64 data at input byte 3'],
  ['{"auth":"YTp_"}', 'illegal base64 data at input byte 3'],
  ['{"auth":"dTpwdw="}', 'illegal base64 data at input byte 7'],
  ['{"auth":"dTpwd"}', 'illegal base64 data at input byte 4'],
  ['{"auth":"dTpwdw==dTpw"}', 'illegal base64 data at input byte 6'],
  ['{"auth":"dTpwdw==\\n="}', 'illegal base64 data at input byte 9'],
  [
    '{"username":1}',
    'json: cannot unmarshal number into Go struct field DockerConfigJSON.auths.username of type string',
  ],
  [
    '{"username":1,"auth":"!"}',
    'json: cannot unmarshal number into Go struct field DockerConfigJSON.auths.username of type string',
  ],
  [
    '{"auth":{}}',
    'json: cannot unmarshal object into Go struct field DockerConfigJSON.auths.auth of type string',
  ],
  [
    '"text"',
    `json: cannot unmarshal string into Go struct field DockerConfigJSON.auths of type ${ENTRY_TYPE}`,
  ],
  [
    '[]',
    `json: cannot unmarshal array into Go struct field DockerConfigJSON.auths of type ${ENTRY_TYPE}`,
  ],
]

const BROKEN_DOCUMENTS: [text: string, reason: string][] = [
  ['', 'unexpected end of JSON input'],
  ['{"auths":{"reg.example.com":{"auth":"dT', 'unexpected end of JSON input'],
  [
    '[]',
    'json: cannot unmarshal array into Go value of type credentialprovider.DockerConfigJSON',
  ],
  [
    '{"auths":[]}',
    'json: cannot unmarshal array into Go struct field DockerConfigJSON.auths of type credentialprovider.DockerConfig',
  ],
  [
    '{"HttpHeaders":[],"auths":"x"}',
    'json: cannot unmarshal array into Go struct field DockerConfigJSON.HttpHeaders of type map[string]string',
  ],
  [
    '{"HttpHeaders":{"a":1}}',
    'json: cannot unmarshal number into Go struct field DockerConfigJSON.HttpHeaders of type string',
  ],
]

await test('reads an entry as the kubelet does', async (t) => {
  for (const [entry, expected] of ENTRIES) {
    const { entries } = decodeDockerConfigJson(`{"auths": {"reg.example.com": ${entry}}}`)
    t.match(entries, [{ key: 'reg.example.com', ...expected }], entry)
    const bare = decodeDockercfg(` {"reg.example.com": ${entry}}\n`)
    t.strictSame(bare.entries, entries, `${entry} in a dockercfg`)
  }
})

await test('refuses an entry with Go’s words and names its key', async (t) => {
  for (const [entry, reason] of BROKEN_ENTRIES) {
    const text = `{"auths":{"good.example.com":{},"reg.example.com":${entry}}}`
    t.strictSame(
      refusal(() => decodeDockerConfigJson(text)),
      { reason, key: 'reg.example.com' },
      entry,
    )
  }
  t.strictSame(
    refusal(() => decodeDockercfg('{"reg.example.com":{"username":1}}')),
    {
      reason:
        'json: cannot unmarshal number into Go struct field dockerConfigEntryWithAuth.username of type string',
      key: 'reg.example.com',
    },
  )
  t.strictSame(
    refusal(() => decodeDockercfg('"x"')),
    {
      reason:
        'json: cannot unmarshal string into Go value of type credentialprovider.DockerConfig',
      key: null,
    },
  )
})

await test('refuses a document with Go’s words', async (t) => {
  for (const [text, reason] of BROKEN_DOCUMENTS)
    t.strictSame(
      refusal(() => decodeDockerConfigJson(text)),
      { reason, key: null },
      text,
    )
})

await test('an undecodable entry wins over a wrong type before it', async (t) => {
  const text = '{"HttpHeaders":[],"auths":{"a":{"auth":"!"}}}'
  t.strictSame(
    refusal(() => decodeDockerConfigJson(text)),
    {
      reason: 'illegal base64 data at input byte 0',
      key: 'a',
    },
  )
})

await test('never quotes what a broken document holds', async (t) => {
  const texts = [
    '{"auths":{"a":{"password":"h1dden"h1dden"}}}',
    '{"auths":{"a":{"password":h1dden}}}',
    'h1dden',
  ]
  for (const text of texts) {
    try {
      decodeDockerConfigJson(text)
      t.fail('was decoded')
    } catch (error) {
      t.match(String(error), /^PullSecretMalformed: invalid character in JSON input/)
      t.notMatch(String(error), /h1dden/)
    }
  }
})

await test('repeated names merge as in Go: maps add up, null empties, the last value wins', async (t) => {
  t.strictSame(
    entriesOf('{"auths":{"a":{"username":"1"}},"Auths":{"b":{"username":"2"}}}'),
    ['a=1', 'b=2'],
  )
  t.strictSame(entriesOf('{"auths":{"a":{"username":"1"}},"auths":null}'), [])
  t.strictSame(entriesOf('{"auths":{"a":{"username":"1"},"a":{"password":"2"}}}'), ['a='])
  t.strictSame(entriesOf('null'), [])
})

await test('tells what docker reads and the kubelet does not', async (t) => {
  const config = decodeDockerConfigJson(
    '{"credsStore":"desktop","credHelpers":{"a.example.com":"x"},"auths":{"b":{"identitytoken":"t"}}}',
  )
  t.strictSame(config.unreadFields, ['credsStore', 'credHelpers'])
  t.strictSame(config.entries[0]?.unreadFields, ['identitytoken'])
  t.strictSame(decodeDockerConfigJson('{"reg.example.com":{"auth":"!"}}'), {
    entries: [],
    unreadFields: [],
    unwrappedKeys: ['reg.example.com'],
  })
})

await test('base64 with and without padding', async (t) => {
  t.equal(base64('', 'padded'), '')
  t.equal(base64('_w==', 'padded'), 0)
  t.equal(base64('/+8=', 'padded'), 'ffef')
  t.equal(base64('/+8=', 'raw'), 3)
  t.equal(base64('/+8', 'raw'), 'ffef')
  t.equal(base64('/+8', 'padded'), 0)
  t.equal(base64('/x', 'raw'), 'ff')
  t.equal(base64('=', 'padded'), 0)
  t.equal(base64('//=', 'padded'), 3)
  t.equal(base64('//=x', 'padded'), 2)
  t.equal(base64('éé', 'raw'), 0)
})

function refusal(decode: () => unknown): { reason: string; key: string | null } | null {
  try {
    decode()
    return null
  } catch (error) {
    if (!(error instanceof PullSecretMalformed)) throw error
    return { reason: error.reason, key: error.key }
  }
}

function entriesOf(text: string): string[] {
  return decodeDockerConfigJson(text).entries.map(
    ({ key, username }) => `${key}=${username}`,
  )
}

/** The bytes in hex, or the offset of the fault. */
function base64(text: string, variant: 'padded' | 'raw'): string | number {
  const decoding = decodeGoBase64(text, variant)
  return decoding.status === 'decoded' ? decoding.bytes.toString('hex') : decoding.offset
}
