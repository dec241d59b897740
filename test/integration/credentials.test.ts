import { test } from 'tap'
import { startDockerRegistry } from '../support/docker-registry.ts'
import { withParts } from '../support/missing-parts.ts'
import { startTokenServer } from '../support/token-server.ts'
import {
  MARK,
  base64,
  createWorld,
  deployment,
  pod,
  secret,
  secretOfText,
  serviceAccount,
  user,
} from './credentials-world.ts'
import type { PodShape, ReportedImage, WorldOptions } from './credentials-world.ts'

const GOOD = `good-${MARK}`
const WRONG = `wrong-${MARK}`
const HOST = 'registry.acme.test'
const APP = `${HOST}/team/app:1.0`

/** What ECR hands out: base64 of JSON with the time of its end, in seconds. */
function ecrToken(endsAtMs: number): string {
  return base64(
    JSON.stringify({ payload: MARK, datakey: 'k', expiration: endsAtMs / 1000 }),
  )
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** RFC 7519; nobody verifies the signature. */
function jwt(endsAtMs: number): string {
  return `${segment({ alg: 'none' })}.${segment({ exp: Math.floor(endsAtMs / 1000), sub: MARK })}.${MARK}`
}

const EXPIRING_ECR = ecrToken(Date.now() + 600_000)
const EXPIRED_ECR = ecrToken(Date.now() - 3_600_000)
const EXPIRED_JWT = jwt(Date.now() - 3_600_000)

type Guise = 'basic' | 'bearer' | 'bearer-refuses-anonymous'

interface Row {
  row: number
  what: string
  on: readonly Guise[]
  /** As applied; `deployment` for what only templates show. */
  form?: 'pod' | 'deployment'
  image?: string
  shape?: PodShape
  objects?: readonly object[]
  configuration?: WorldOptions['configuration']
  /** As check, audit and explain see it. */
  report?: boolean
  action: 'allow' | 'warn' | 'deny'
  cause: string | null
  /** What the message, and then the advice, must say. */
  says?: readonly (string | RegExp)[]
  advises?: readonly (string | RegExp)[]
  /** The sentence about which the row is, where another finding leads. */
  also?: { cause: string; says: readonly (string | RegExp)[] }
}

const EVERY: readonly Guise[] = ['basic', 'bearer', 'bearer-refuses-anonymous']
const BEARER: readonly Guise[] = ['bearer', 'bearer-refuses-anonymous']
const listed = { pullSecrets: ['acme-pull'] }
const renews = 'kubectl -n team-a create secret docker-registry acme-pull'
const creates = `kubectl -n team-a create secret docker-registry registry-acme-test-pull --docker-server=${HOST}`

const rows: readonly Row[] = [
  {
    row: 19,
    what: 'no pull secret, Basic',
    on: ['basic'],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: [
      `${HOST} requires credentials for ${HOST}/team/app`,
      'No pull secret is named',
    ],
    advises: [creates, 'kubectl -n team-a patch serviceaccount default'],
  },
  {
    row: 20,
    what: 'no pull secret, Bearer',
    on: ['bearer'],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: [`${HOST}/team/app does not exist or is private`, 'No pull secret is named'],
    advises: [creates, 'patch serviceaccount default'],
  },
  {
    row: 21,
    what: 'the token service refuses who is nobody',
    on: ['bearer-refuses-anonymous'],
    form: 'deployment',
    objects: [serviceAccount('default', ['other-pull']), secret('other-pull', {})],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['does not exist or is private', 'Pull secret team-a/other-pull holds no'],
    advises: ['create secret docker-registry other-pull'],
  },
  {
    row: 22,
    what: 'a private repository that does not exist either',
    on: BEARER,
    image: `${HOST}/team/none:1.0`,
    action: 'deny',
    cause: 'CredentialsRequired',
    says: [`${HOST}/team/none does not exist or is private`],
    advises: [creates],
  },
  {
    row: 23,
    what: 'a wrong password',
    on: EVERY,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: user('puller', WRONG) })],
    action: 'deny',
    cause: 'CredentialsRejected',
    says: [
      `${HOST} answered 401 to the credentials in secret team-a/acme-pull (key "${HOST}")`,
    ],
    advises: [`Renew it: ${renews} --docker-server=${HOST}`, '| kubectl apply -f -'],
  },
  {
    row: 24,
    what: 'a wrong password in a secret that holds another registry too',
    on: BEARER,
    shape: listed,
    objects: [
      secret('acme-pull', {
        [`${HOST}/team`]: user('puller', WRONG),
        'ghcr.io': user('other', GOOD),
      }),
    ],
    action: 'deny',
    cause: 'CredentialsRejected',
    says: [`secret team-a/acme-pull (key "${HOST}/team")`],
    advises: [
      'Renew it (this replaces the whole secret, which also holds "ghcr.io"): kubectl',
      `--docker-server=${HOST}/team`,
    ],
  },
  {
    row: 25,
    what: 'a stale secret breaks a public image',
    on: ['bearer'],
    image: `${HOST}/open/app:1.0`,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: user('puller', WRONG) })],
    action: 'deny',
    cause: 'CredentialsRejected',
    says: ['secret team-a/acme-pull', `key "${HOST}"`, 'The image is public'],
    advises: ['Remove the secret from imagePullSecrets, or renew it: kubectl'],
  },
  {
    row: 26,
    what: 'good credentials that may not pull',
    on: BEARER,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: user('stranger', GOOD) })],
    action: 'deny',
    cause: 'AccessDenied',
    says: ['secret team-a/acme-pull', `key "${HOST}"`, 'may not pull'],
    advises: ['Give that account pull access', renews],
  },
  {
    row: 27,
    what: 'the first of two secrets is stale',
    on: EVERY,
    shape: { pullSecrets: ['old-pull', 'acme-pull'] },
    objects: [
      secret('old-pull', { [HOST]: user('puller', WRONG) }),
      secret('acme-pull', { [HOST]: user('puller', GOOD) }),
    ],
    action: 'warn',
    cause: 'PullSecretStale',
    says: [`secret team-a/old-pull (key "${HOST}")`, '401', 'pull works with others'],
    advises: ['create secret docker-registry old-pull'],
  },
  {
    row: 28,
    what: 'two secrets, both wrong',
    on: EVERY,
    shape: { pullSecrets: ['acme-pull', 'old-pull'] },
    objects: [
      secret('acme-pull', { [HOST]: user('puller', WRONG) }),
      secret('old-pull', { [HOST]: user('puller', `other-${WRONG}`) }),
    ],
    action: 'deny',
    cause: 'CredentialsRejected',
    says: [
      `401 to the credentials in secret team-a/acme-pull (key "${HOST}")`,
      `also answered 401 to the credentials in secret team-a/old-pull (key "${HOST}")`,
    ],
    advises: [renews],
  },
  {
    row: 28,
    what: 'the only secret is wrong, and the image would be had without it',
    on: ['bearer'],
    image: `${HOST}/open/app:1.0`,
    shape: { pullSecrets: ['acme-pull', 'old-pull'] },
    objects: [
      secret('acme-pull', { [HOST]: user('puller', WRONG) }),
      secret('old-pull', { [HOST]: user('puller', `other-${WRONG}`) }),
    ],
    action: 'deny',
    cause: 'CredentialsRejected',
    says: ['does not try without credentials once a secret matches', 'team-a/old-pull'],
    advises: [renews],
  },
  ...nearMisses(),
  {
    row: 29,
    what: 'a secret for quite another registry is not overwritten',
    on: EVERY,
    shape: listed,
    objects: [secret('acme-pull', { 'ghcr.io': user('other', GOOD) })],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: [
      'Secret team-a/acme-pull has credentials for "ghcr.io"',
      `none matches ${HOST}/team/app`,
    ],
    advises: ['add "- name: registry-acme-test-pull" to imagePullSecrets', creates],
    also: { cause: 'PullSecretNotMatching', says: ['"ghcr.io"'] },
  },
  {
    row: 30,
    what: 'the secret does not exist',
    on: EVERY,
    shape: listed,
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['Pull secret team-a/acme-pull does not exist'],
    advises: [`Create it: ${renews} --docker-server=${HOST}`],
    also: { cause: 'PullSecretMissing', says: ['team-a/acme-pull'] },
  },
  {
    row: 30,
    what: 'the secret of a template does not exist yet',
    on: EVERY,
    form: 'deployment',
    shape: listed,
    action: 'warn',
    cause: 'CredentialsRequired',
    says: ['Pull secret team-a/acme-pull does not exist'],
    advises: [renews],
  },
  {
    row: 30,
    what: 'the secret does not exist, and the image is public',
    on: ['bearer'],
    image: `${HOST}/open/app:1.0`,
    shape: listed,
    action: 'warn',
    cause: 'PullSecretMissing',
    says: ['Pull secret team-a/acme-pull does not exist'],
    advises: [renews],
  },
  {
    row: 31,
    what: 'the secret is in another namespace',
    on: EVERY,
    report: true,
    shape: listed,
    objects: [
      secret('acme-pull', { [HOST]: user('puller', GOOD) }, { namespace: 'team-b' }),
    ],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['team-a/acme-pull does not exist', 'exists in namespace team-b'],
    advises: [renews],
  },
  {
    row: 32,
    what: 'the secret has the wrong type',
    on: EVERY,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: user('puller', GOOD) }, { type: 'Opaque' })],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['Pull secret team-a/acme-pull is of type Opaque'],
    advises: [
      'kubectl -n team-a delete secret acme-pull && kubectl -n team-a create secret docker-registry acme-pull',
      `--docker-server=${HOST}`,
    ],
    also: { cause: 'PullSecretWrongType', says: ['Opaque'] },
  },
  {
    row: 33,
    what: 'the auth field is not base64 of user:password',
    on: EVERY,
    image: `${HOST}/open/app:1.0`,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: { auth: base64(`no-colon-${MARK}`) } })],
    action: 'deny',
    cause: 'PullSecretMalformed',
    says: [
      'Pull secret team-a/acme-pull cannot be decoded',
      `key "${HOST}"`,
      'must be formatted as base64(username:password)',
      'no image of the Pod',
    ],
    advises: [renews, `--docker-server=${HOST}`],
  },
  {
    row: 34,
    what: 'the auths are missing around the registries',
    on: EVERY,
    shape: listed,
    objects: [
      secretOfText('acme-pull', JSON.stringify({ [HOST]: user('puller', GOOD) })),
    ],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['Pull secret team-a/acme-pull lists registries outside of "auths"', HOST],
    advises: [renews, HOST],
    also: { cause: 'PullSecretEmpty', says: ['team-a/acme-pull'] },
  },
  {
    row: 34,
    what: 'a credential helper left an empty entry',
    on: EVERY,
    shape: listed,
    objects: [
      secretOfText(
        'acme-pull',
        JSON.stringify({ auths: { [HOST]: {} }, credsStore: 'desktop' }),
      ),
    ],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['Pull secret team-a/acme-pull has for', `"${HOST}"`, 'credential helper'],
    advises: [renews, `--docker-server=${HOST}`],
  },
  {
    row: 34,
    what: 'the entry that matches is empty, and another is not',
    on: EVERY,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: {}, 'ghcr.io': user('other', GOOD) })],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: [`Pull secret team-a/acme-pull has for "${HOST}" no user name and password`],
    advises: [
      'Make it anew (this replaces the whole secret, which also holds "ghcr.io")',
      renews,
    ],
    also: { cause: 'PullSecretEmpty', says: [`"${HOST}"`] },
  },
  {
    row: 35,
    what: 'only an identity token',
    on: EVERY,
    shape: listed,
    objects: [
      secret('acme-pull', {
        [HOST]: { auth: base64('00000000-0000:'), identitytoken: GOOD },
      }),
    ],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: [
      `Pull secret team-a/acme-pull has for "${HOST}" only an identity token, which the kubelet does not read`,
    ],
    advises: ['Make it anew', renews],
  },
  {
    row: 36,
    what: "a list of its own keeps the service account's secret away",
    on: EVERY,
    form: 'deployment',
    shape: { pullSecrets: ['ghcr-pull'] },
    objects: [
      serviceAccount('default', ['acme-pull']),
      secret('acme-pull', { [HOST]: user('puller', GOOD) }),
      secret('ghcr-pull', { 'ghcr.io': user('other', GOOD) }),
    ],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: [
      'Because imagePullSecrets is set, the pull secrets of service account default (acme-pull) are not used',
      '"ghcr.io"',
    ],
    advises: ['name acme-pull in imagePullSecrets as well', creates],
  },
  {
    row: 36,
    what: "and without a list of its own the service account's secret is used",
    on: EVERY,
    form: 'deployment',
    objects: [
      serviceAccount('default', ['acme-pull']),
      secret('acme-pull', { [HOST]: user('puller', GOOD) }),
    ],
    action: 'allow',
    cause: null,
  },
  {
    row: 37,
    what: 'the service account does not exist',
    on: EVERY,
    form: 'deployment',
    shape: { serviceAccount: 'builder' },
    action: 'warn',
    cause: 'CredentialsRequired',
    says: ['ServiceAccount team-a/builder does not exist'],
    advises: [creates],
    also: { cause: 'ServiceAccountMissing', says: ['team-a/builder'] },
  },
  {
    row: 38,
    what: 'an ECR token that has expired',
    on: EVERY,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: user('AWS', EXPIRED_ECR) })],
    action: 'deny',
    cause: 'CredentialsRejected',
    says: [
      `secret team-a/acme-pull (key "${HOST}")`,
      /The ECR token in team-a\/acme-pull \(key ".*"\) expired at 20\d\d-/,
      'credential provider',
    ],
    advises: [renews],
  },
  {
    row: 38,
    what: 'an ECR token that works for a few minutes more',
    on: BEARER,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: user('AWS', EXPIRING_ECR) })],
    action: 'warn',
    cause: 'CredentialExpiring',
    says: [/The ECR token in team-a\/acme-pull \(key ".*"\) expires at 20\d\d-/],
    advises: [renews],
  },
  {
    row: 38,
    what: 'a Google access token whose secret is old',
    on: EVERY,
    shape: listed,
    objects: [
      secret(
        'acme-pull',
        { [HOST]: user('oauth2accesstoken', GOOD) },
        { createdAt: '2026-01-01T00:00:00Z' },
      ),
    ],
    action: 'warn',
    cause: 'CredentialExpiring',
    says: ['valid for 1 hour', 'unless something renews it'],
    advises: [renews],
  },
  {
    row: 38,
    what: 'a JWT past its exp',
    on: EVERY,
    shape: listed,
    objects: [secret('acme-pull', { [HOST]: user('robot', EXPIRED_JWT) })],
    action: 'deny',
    cause: 'CredentialsRejected',
    says: ['secret team-a/acme-pull', /The token in .* expired at 20\d\d-/],
    advises: [renews],
  },
  {
    row: 39,
    what: 'only nodes have credentials',
    on: EVERY,
    configuration: { nodeCredentialHosts: ['*.acme.test'] },
    action: 'warn',
    cause: 'NodeCredentialsOnly',
    says: [`${HOST}/team/app`],
    advises: [creates],
  },
  {
    row: 39,
    what: 'a wrong pull secret where nodes may have better ones',
    on: EVERY,
    shape: listed,
    configuration: { nodeCredentialHosts: [HOST] },
    objects: [secret('acme-pull', { [HOST]: user('puller', WRONG) })],
    action: 'warn',
    cause: 'CredentialsRejected',
    says: [`secret team-a/acme-pull (key "${HOST}")`],
    advises: [renews],
  },
]

/** Catalogue row 29: a key that is nearly right, and why it is not. */
function nearMisses(): Row[] {
  const keys: Record<string, string> = {
    [`https://${HOST}/v1`]: '/v1 is dropped only when a slash follows it',
    [`${HOST}:443`]: 'it names port 443 and the image names none',
    [`${HOST}/team/app/`]: 'its path is longer than that of the image',
    'acme.test': 'it names the parent domain',
    'Registry.acme.test': 'upper and lower case count',
    [`oci://${HOST}`]: 'the kubelet knows no oci://',
    'regitsry.acme.test': 'where the host of the image says "registry"',
  }
  return Object.entries(keys).map(([key, why]) => ({
    row: 29,
    what: `the key ${key}`,
    on: EVERY,
    shape: listed,
    objects: [secret('acme-pull', { [key]: user('puller', GOOD) })],
    action: 'deny',
    cause: 'CredentialsRequired',
    says: [`The key "${key}" of secret team-a/acme-pull does not match`, why],
    advises: [renews, `--docker-server=${HOST}`],
    also: { cause: 'PullSecretNotMatching', says: [`The key that matches is "${HOST}"`] },
  }))
}

const needs = ['docker-registry'] as const

void test('the rows of the failure catalogue about credentials', async (t) => {
  await withParts(t, { file: import.meta.filename, needs }, async () => {
    const users = {
      puller: GOOD,
      oauth2accesstoken: GOOD,
    }
    const token = await startTokenServer(t, {
      users: {
        puller: { password: GOOD, pull: ['*'] },
        oauth2accesstoken: { password: GOOD, pull: ['*'] },
        AWS: { password: EXPIRING_ECR, pull: ['*'] },
        stranger: { password: GOOD, pull: ['stranger/app'] },
      },
      public: ['open/app'],
    })
    const basic = await startDockerRegistry(t, { auth: { htpasswd: users } })
    const bearer = await startDockerRegistry(t, { auth: { token } })
    for (const registry of [basic, bearer]) {
      await registry.push('team/app', '1.0')
      await registry.push('open/app', '1.0')
    }
    const endpoints = {
      basic: basic.url,
      bearer: bearer.url,
      'bearer-refuses-anonymous': bearer.url,
    }

    for (const row of rows) {
      for (const guise of row.on) {
        await t.test(`${row.row}: ${row.what} (${guise})`, async (t) => {
          token.misbehave.anonymousStatus =
            guise === 'bearer-refuses-anonymous' ? 403 : null
          const world = await createWorld(t, {
            endpoints: { [HOST]: endpoints[guise] },
            objects: row.objects ?? [],
            configuration: row.configuration ?? {},
            mayNameNamespaces: row.report ?? false,
          })
          const make = row.form === 'deployment' ? deployment : pod
          const object = make(row.image ?? APP, row.shape)

          const image = await world.report(object)
          const answer = await world.apply(object)
          await world.metricsPage()

          t.equal(image.action, row.action)
          t.equal(image.cause, row.cause)
          t.equal(answer.allowed, row.action !== 'deny')
          if (row.action === 'deny') t.same(answer.warnings, [], 'nothing is said twice')
          sayAll(t, image, row)
          for (const part of row.action === 'deny' ? (row.says ?? []) : [])
            t.match(answer.message, part, 'the user is told')
          t.notMatch(world.told(), MARK, 'no password got out')
          t.notMatch(world.told(), base64(MARK).slice(2, -4), 'nor an auth value')
        })
      }
    }
  })
})

function sayAll(
  t: { match: (found: string, wanted: string | RegExp) => unknown },
  image: ReportedImage,
  { says = [], advises = [], also }: Row,
): void {
  for (const part of says) t.match(image.message, part)
  for (const part of advises) t.match(image.advice, part)
  if (also === undefined) return
  const finding = image.findings.find(({ cause }) => cause === also.cause)
  for (const part of also.says) t.match(finding?.message ?? '', part)
}
