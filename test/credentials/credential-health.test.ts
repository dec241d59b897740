import { test } from 'tap'
import { readNodeConfig } from '../../src/credentials/node-config.ts'
import {
  describeShadowedEntry,
  findShadowedEntries,
} from '../../src/credentials/shadowed-entries.ts'
import {
  checkTokenHealth,
  describeTokenHealth,
} from '../../src/credentials/token-health.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 12)
const HOUR_MS = 3_600_000
const MARK = 'h1dden'
const ECR_KEY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com'

await test('tells until when a short-lived token works', async (t) => {
  const table: [
    username: string,
    password: string,
    key: string,
    ageHours: number | null,
    kind: string | null,
    state: string,
  ][] = [
    ['AWS', ecrToken(-1), ECR_KEY, 1, 'ecr', 'expired'],
    ['AWS', ecrToken(0.5), ECR_KEY, 1, 'ecr', 'expiring'],
    ['AWS', ecrToken(5), 'https://proxy.example.com', 100, 'ecr', 'valid'],
    ['AWS', 'opaque', ECR_KEY, 13, 'ecr', 'maybe-expired'],
    ['AWS', 'opaque', `https://${ECR_KEY}/v1/`, 11.5, 'ecr', 'expiring'],
    ['AWS', 'opaque', ECR_KEY, 1, 'ecr', 'valid'],
    ['AWS', 'opaque', ECR_KEY, null, 'ecr', 'unknown'],
    ['AWS', 'opaque', 'reg.example.com', 100, null, ''],
    ['oauth2accesstoken', MARK, 'gcr.io', 2, 'google-access-token', 'maybe-expired'],
    ['oauth2accesstoken', MARK, 'gcr.io', 0.8, 'google-access-token', 'expiring'],
    ['oauth2accesstoken', MARK, 'gcr.io', 0.1, 'google-access-token', 'valid'],
    ['robot', jwt({ exp: NOW_MS / 1_000 - 1 }), 'reg.example.com', 1, 'jwt', 'expired'],
    ['robot', jwt({ exp: NOW_MS / 1_000 + 60 }), 'reg.example.com', 1, 'jwt', 'expiring'],
    ['robot', jwt({ exp: NOW_MS / 1_000 + 9e6 }), 'reg.example.com', 1, 'jwt', 'valid'],
    ['robot', jwt({ sub: MARK }), 'reg.example.com', 1, null, ''],
    ['robot', jwt({ exp: 'soon' }), 'reg.example.com', 1, null, ''],
    ['robot', 'a.b.c', 'reg.example.com', 1, null, ''],
    ['robot', 'e30.e30.e30', 'reg.example.com', 1, null, ''],
    ['_json_key', `{"private_key":"${MARK}"}`, 'gcr.io', 99, null, ''],
    ['robot', '', 'gcr.io', 99, null, ''],
    ['robot', 'x'.repeat(100_000), 'gcr.io', 99, null, ''],
  ]
  for (const [username, password, key, ageHours, kind, state] of table) {
    const origin = { kind: 'pull-secret', source: 'team-a/pull', key } as const
    const createdAtMs = ageHours === null ? null : NOW_MS - ageHours * HOUR_MS
    const health = checkTokenHealth(
      { credential: { username, password }, origin },
      { nowMs: NOW_MS, createdAtMs },
    )
    const name = `${username} ${password.slice(0, 20)} ${key} ${ageHours} h`
    t.equal(health?.kind ?? null, kind, name)
    if (health === null) continue
    t.equal(health.state, state, name)
    const text = describeTokenHealth(health)
    t.equal(text === null, state === 'valid', name)
    t.notMatch(text ?? '', MARK)
    if (text !== null) t.match(text, /team-a\/pull \(key ".*"\)/)
  }
})

await test('tells which credentials stand behind others', async (t) => {
  const shadowed = findShadowedEntries([
    secret('old', { 'reg.example.com': 'a', 'https://index.docker.io/v1/': 'b' }),
    secret('copy', { 'https://reg.example.com/v1/': 'a', 'docker.io/team': 'c' }),
    secret('new', { 'https://reg.example.com': 'd', '*.io': 'e', 'bad key': 'f' }),
  ])

  t.strictSame(shadowed.map(describeShadowedEntry), [
    'The key "https://index.docker.io/v1/" of secret team-a/old is never used, because the key "*.io" of secret team-a/new matches all of Docker Hub.',
    'The key "https://reg.example.com" of secret team-a/new is used only after the key "reg.example.com" of secret team-a/old was refused.',
  ])
  t.strictSame(
    findShadowedEntries([
      secret('a', { 'docker.io/team': 'x', 'https://index.docker.io/v1/': 'y' }),
    ]),
    [],
  )
})

await test('reads the docker config of nodes, or says why not', async (t) => {
  const text = JSON.stringify({ auths: { 'reg.example.com': { auth: 'dTpw' } } })
  const good = await readNodeConfig('/etc/node/config.json', async () => text)
  const missing = await readNodeConfig('/none', async () => {
    throw Object.assign(new Error(MARK), { code: 'ENOENT' })
  })
  const broken = await readNodeConfig(
    '/broken',
    async () => `{"auths":{"a":{"auth":"${MARK}!"}}}`,
  )

  t.equal(good.status, 'usable')
  if (good.status !== 'usable') return
  t.strictSame(good.keyring.match('reg.example.com/app'), [
    {
      credential: { username: 'u', password: 'p' },
      origin: {
        kind: 'node-config',
        source: '/etc/node/config.json',
        key: 'reg.example.com',
      },
    },
  ])
  t.strictSame(missing, {
    status: 'unusable',
    problem: 'docker config /none: cannot be read (ENOENT)',
  })
  t.strictSame(broken, {
    status: 'unusable',
    problem: 'docker config /broken: entry "a": illegal base64 data at input byte 6',
  })
})

function secret(name: string, passwords: Record<string, string>) {
  const entries = Object.entries(passwords).map(([key, password]) => ({
    key,
    username: 'u',
    password,
  }))
  return { kind: 'pull-secret', source: `team-a/${name}`, entries } as const
}

function ecrToken(hours: number): string {
  const expiration = Math.floor((NOW_MS + hours * HOUR_MS) / 1_000)
  const token = {
    payload: MARK,
    datakey: MARK,
    version: '2',
    type: 'DATA_KEY',
    expiration,
  }
  return Buffer.from(JSON.stringify(token)).toString('base64')
}

function jwt(claims: Record<string, unknown>): string {
  return `${base64url({ alg: 'none' })}.${base64url(claims)}.${MARK}`
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
