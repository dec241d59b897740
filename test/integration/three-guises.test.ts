import t from 'tap'
import type { Test } from 'tap'
import { deploymentReview, podReview } from '../support/admission-reviews.ts'
import type { ReviewOptions } from '../support/admission-reviews.ts'
import {
  dockerConfig,
  namespace,
  node,
  pullSecret,
  serviceAccount,
} from '../support/cluster-manifests.ts'
import { startDockerRegistry } from '../support/docker-registry.ts'
import { withParts } from '../support/missing-parts.ts'
import { startTokenServer } from '../support/token-server.ts'
import type { TokenRequest, TokenServer } from '../support/token-server.ts'
import { startWebhook } from '../support/webhook.ts'
import type { Verdict } from '../support/webhook.ts'

// The whole webhook over HTTPS against Debian's docker-registry as an open one, with Basic authentication over TLS under a
// private authority, and with token authentication. None of it is ours but the token server.

interface Case {
  title: string
  kind?: 'Pod' | 'Deployment'
  image: string
  more?: Partial<ReviewOptions>
  action: Verdict['action']
  /** Null when nothing shall be said at all. */
  cause: string | null
  /** What the message or a warning says beside the cause. */
  says?: string[]
  silentOn?: string[]
}

const PASSWORD = 'the-right-password'
const WRONG = 'a-wrong-password'
const ABSENT_DIGEST = `sha256:${'0'.repeat(64)}`

async function startAll(t: Test) {
  const open = await startDockerRegistry(t)
  const basic = await startDockerRegistry(t, {
    auth: { htpasswd: { builder: PASSWORD } },
    tls: true,
  })
  const tokens = await startTokenServer(t, {
    users: {
      builder: { password: PASSWORD, pull: ['*'] },
      outsider: { password: PASSWORD, pull: [] },
    },
    public: ['team/public'],
  })
  const token = await startDockerRegistry(t, { auth: { token: tokens } })
  const down = await startDockerRegistry(t)
  await down.stop()
  return { open, basic, tokens, token, down }
}

type Registries = Awaited<ReturnType<typeof startAll>>

async function fill({ open, basic, token }: Registries) {
  const digests = { open: '', basic: '', token: '' }
  for (const tag of ['1.26.0', '1.27.6', '1.27.7', 'latest']) {
    digests.open = await open.push('team/app', tag)
  }
  const arm = 'linux/arm64'
  await open.push('team/arm', '1.0', { kind: 'index', platforms: [arm] })
  const platforms = ['linux/amd64', arm]
  await open.push('team/many', '1.0', { kind: 'index', platforms, attestation: true })
  digests.basic = await basic.push('team/app', '1.0')
  digests.token = await token.push('team/app', '1.0')
  await token.push('team/public', '1.0')
  return digests
}

function login(host: string, user: string, password: string): object {
  return dockerConfig({ [host]: `${user}:${password}` })
}

function cluster() {
  return [
    node('node-1'),
    namespace('team-a'),
    namespace('team-b'),
    ...['team-a', 'team-b'].map((name) => serviceAccount(name, 'default')),
    serviceAccount('team-a', 'builder', ['basic-right']),
    serviceAccount('team-a', 'deployer', ['token-right']),
    pullSecret('team-a', 'basic-right', login('basic.acme.test', 'builder', PASSWORD)),
    pullSecret('team-a', 'basic-wrong', login('basic.acme.test', 'builder', WRONG)),
    pullSecret('team-a', 'token-right', login('token.acme.test', 'builder', PASSWORD)),
    pullSecret('team-a', 'token-wrong', login('token.acme.test', 'builder', WRONG)),
    pullSecret('team-a', 'outsider', login('token.acme.test', 'outsider', PASSWORD)),
    pullSecret('team-a', 'elsewhere', login('other.acme.test', 'builder', PASSWORD)),
    pullSecret('team-a', 'broken', '{"auths": {"other.acme.test": {"auth": "!!!"}}}'),
    pullSecret('team-a', 'untrusted', login('untrusted.acme.test', 'builder', PASSWORD)),
    pullSecret('team-b', 'only-there', login('basic.acme.test', 'builder', PASSWORD)),
  ]
}

function configuration({ open, basic, token, down }: Registries) {
  return {
    mode: 'enforce',
    registries: [
      { host: 'open.acme.test', endpoint: open.url },
      { host: 'basic.acme.test', endpoint: basic.url, caFile: basic.caFile },
      { host: 'untrusted.acme.test', endpoint: basic.url },
      { host: 'token.acme.test', endpoint: token.url },
      { host: 'down.acme.test', endpoint: down.url },
    ],
    // The token server announces an address of this machine.
    network: { allow: ['127.0.0.1/32'] },
  }
}

const openCases: Case[] = [
  {
    title: 'a tag that exists',
    image: 'open.acme.test/team/app:1.27.7',
    action: 'allow',
    cause: null,
  },
  {
    title: 'no tag, and there is a latest',
    image: 'open.acme.test/team/app',
    action: 'allow',
    cause: null,
  },
  {
    title: 'a tag that does not exist',
    image: 'open.acme.test/team/app:1.277',
    action: 'deny',
    cause: 'ImageNotFound',
    says: ['has no tag "1.277"', 'Nearest tags: 1.27.7'],
  },
  {
    title: 'a tag that does not exist, of a bare Pod',
    kind: 'Pod',
    image: 'open.acme.test/team/app:1.277',
    action: 'deny',
    cause: 'ImageNotFound',
    says: ['container "c0"', 'Nearest tags: 1.27.7'],
  },
  {
    title: 'a digest that does not exist',
    image: `open.acme.test/team/app@${ABSENT_DIGEST}`,
    action: 'deny',
    cause: 'ImageNotFound',
    says: [ABSENT_DIGEST],
  },
  {
    title: 'a repository that does not exist',
    image: 'open.acme.test/team/nothing:1.0',
    action: 'deny',
    cause: 'RepositoryNotFound',
    says: ['team/nothing'],
  },
  {
    title: 'an index that has the platform of the nodes',
    image: 'open.acme.test/team/many:1.0',
    action: 'allow',
    cause: null,
  },
  {
    title: 'an index without the platform of the nodes',
    image: 'open.acme.test/team/arm:1.0',
    action: 'deny',
    cause: 'PlatformMismatch',
    says: ['linux/arm64', 'linux/amd64'],
  },
  {
    title: 'a name that no runtime accepts',
    image: 'open.acme.test/Team/App:1.0',
    action: 'deny',
    cause: 'InvalidImageName',
  },
  {
    title: 'a wrong password where none is wanted',
    image: 'open.acme.test/team/app:1.27.7',
    more: { imagePullSecrets: ['basic-wrong'] },
    action: 'allow',
    cause: null,
  },
  {
    title: 'an unrelated malformed secret, which blocks every image',
    image: 'open.acme.test/team/app:1.27.7',
    more: { imagePullSecrets: ['broken'] },
    action: 'deny',
    cause: 'PullSecretMalformed',
    says: ['broken'],
  },
  {
    title: 'a secret that does not exist, where none is wanted',
    image: 'open.acme.test/team/app:1.27.7',
    more: { imagePullSecrets: ['absent'] },
    action: 'warn',
    cause: 'PullSecretMissing',
    says: ['absent'],
  },
  {
    title: 'a registry that does not answer',
    image: 'down.acme.test/team/app:1.0',
    action: 'warn',
    cause: 'RegistryUnreachable',
    says: ['down.acme.test'],
  },
]

const basicCases: Case[] = [
  {
    title: 'the right secret',
    image: 'basic.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['basic-right'] },
    action: 'allow',
    cause: null,
  },
  {
    title: 'the right secret of the service account',
    image: 'basic.acme.test/team/app:1.0',
    more: { serviceAccount: 'builder' },
    action: 'allow',
    cause: null,
  },
  {
    title: 'no secret',
    image: 'basic.acme.test/team/app:1.0',
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['basic.acme.test', 'create secret docker-registry'],
  },
  {
    title: 'a wrong password',
    image: 'basic.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['basic-wrong'] },
    action: 'deny',
    cause: 'CredentialsRejected',
    says: ['team-a/basic-wrong', 'basic.acme.test'],
  },
  {
    title: 'a wrong secret before the right one',
    image: 'basic.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['basic-wrong', 'basic-right'] },
    action: 'warn',
    cause: 'PullSecretStale',
    says: ['team-a/basic-wrong'],
  },
  {
    title: 'a secret for another registry',
    image: 'basic.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['elsewhere'] },
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['other.acme.test'],
  },
  {
    title: 'a secret that does not exist, in a template',
    image: 'basic.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['absent'] },
    action: 'warn',
    cause: 'CredentialsRequired',
    says: ['team-a/absent does not exist'],
  },
  {
    title: 'a secret that does not exist, in a bare Pod',
    kind: 'Pod',
    image: 'basic.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['absent'] },
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['team-a/absent does not exist', 'create secret docker-registry absent'],
  },
  {
    title: 'a secret that is in another namespace only',
    kind: 'Pod',
    image: 'basic.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['only-there'] },
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['team-a/only-there does not exist'],
    silentOn: ['team-b'],
  },
  {
    title: 'the right secret and a mistyped tag',
    image: 'basic.acme.test/team/app:v1.0',
    more: { imagePullSecrets: ['basic-right'] },
    action: 'deny',
    cause: 'ImageNotFound',
    says: ['Nearest tags: 1.0'],
  },
  {
    title: 'a certificate that is not trusted',
    image: 'untrusted.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['untrusted'] },
    action: 'warn',
    cause: 'CertificateUntrusted',
    says: ['untrusted.acme.test'],
  },
]

const tokenCases: Case[] = [
  {
    title: 'a public repository without a secret',
    image: 'token.acme.test/team/public:1.0',
    action: 'allow',
    cause: null,
  },
  {
    title: 'the right secret',
    image: 'token.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['token-right'] },
    action: 'allow',
    cause: null,
  },
  {
    title: 'the right secret of the service account',
    image: 'token.acme.test/team/app:1.0',
    more: { serviceAccount: 'deployer' },
    action: 'allow',
    cause: null,
  },
  {
    title: 'no secret',
    image: 'token.acme.test/team/app:1.0',
    action: 'deny',
    cause: 'CredentialsRequired',
    says: ['token.acme.test', 'create secret docker-registry'],
  },
  {
    title: 'a wrong password',
    image: 'token.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['token-wrong'] },
    action: 'deny',
    cause: 'CredentialsRejected',
    says: ['team-a/token-wrong'],
  },
  {
    title: 'a wrong password that breaks a public image',
    image: 'token.acme.test/team/public:1.0',
    more: { imagePullSecrets: ['token-wrong'] },
    action: 'deny',
    cause: 'CredentialsRejected',
    says: ['team-a/token-wrong', 'public'],
  },
  {
    title: 'a user without the right to pull',
    image: 'token.acme.test/team/app:1.0',
    more: { imagePullSecrets: ['outsider'] },
    action: 'deny',
    cause: 'AccessDenied',
    says: ['team-a/outsider'],
  },
  {
    title: 'the right secret and a mistyped tag',
    image: 'token.acme.test/team/app:1.00',
    more: { imagePullSecrets: ['token-right'] },
    action: 'deny',
    cause: 'ImageNotFound',
    says: ['Nearest tags: 1.0'],
  },
]

await withParts(
  t,
  { file: import.meta.filename, needs: ['docker-registry'] },
  async () => {
    const registries = await startAll(t)
    const digests = await fill(registries)
    const webhook = await startWebhook(t, {
      configuration: configuration(registries),
      manifests: cluster(),
    })

    async function play(suite: Test, cases: readonly Case[]): Promise<void> {
      for (const each of cases) {
        const { kind = 'Deployment', image, more = {} } = each
        const build = kind === 'Pod' ? podReview : deploymentReview
        const review = build({ namespace: 'team-a', images: [image], ...more })

        const verdict = await webhook.review(review)

        await suite.test(each.title, async (t) => {
          t.equal(verdict.uid, review.request.uid)
          checkVerdict(t, each, verdict)
        })
      }
    }

    await t.test('judges images of an open registry', (t) => play(t, openCases))
    await t.test('judges images behind Basic over a private CA', (t) =>
      play(t, basicCases),
    )
    await t.test('judges images behind token authentication', (t) => play(t, tokenCases))

    await t.test('finds what is named by digest in each guise', async (t) => {
      const images = [
        `open.acme.test/team/app@${digests.open}`,
        // The tag is never asked for where there is a digest: pull-semantics 4.2.
        `basic.acme.test/team/app:no-such-tag@${digests.basic}`,
        `token.acme.test/team/app@${digests.token}`,
      ]
      const imagePullSecrets = ['basic-right', 'token-right']

      const verdict = await webhook.review(
        deploymentReview({ namespace: 'team-a', images, imagePullSecrets }),
      )

      t.equal(verdict.action, 'allow', told(verdict))
    })

    await t.test('refuses for the bad images of an object alone', async (t) => {
      const images = [
        'open.acme.test/team/app:1.27.7',
        'open.acme.test/team/app:1.277',
        'down.acme.test/team/app:1.0',
      ]

      const verdict = await webhook.review(podReview({ namespace: 'team-a', images }))

      t.match(verdict, { action: 'deny', code: 403, reason: 'Forbidden' })
      t.match(verdict.message, 'container "c1"')
      t.notMatch(verdict.message, /container "c[02]"/)
      t.match(verdict.warnings, [/^container "c2": .*\[RegistryUnreachable\]/])
    })

    await t.test('does not send a rejected password again', async (t) => {
      const review = podReview({
        namespace: 'team-a',
        images: ['token.acme.test/team/once:1.0'],
        imagePullSecrets: ['token-wrong'],
      })
      const { tokens } = registries

      const first = await webhook.review(review)
      const sent = loginsFor(tokens, 'team/once')
      const second = await webhook.review(review)

      t.strictSame([first.action, second.action], ['deny', 'deny'])
      // A POST that is refused makes runtimes try the same with GET: pull-semantics 4.4.
      t.strictSame(
        sent.map(({ method, status }) => `${method} ${status}`),
        ['POST 401', 'GET 401'],
      )
      t.equal(
        loginsFor(tokens, 'team/once').length,
        sent.length,
        'the second review remembers',
      )
    })

    await t.test('does as token servers do that differ from the book', async (t) => {
      const { misbehave } = registries.tokens
      const usual = { ...misbehave }
      const rows = [
        { now: { postStatus: 404 }, secrets: ['token-right'], action: 'allow' },
        { now: { postStatus: 405 }, secrets: ['token-right'], action: 'allow' },
        // A POST that is refused in any other way is final: pull-semantics 4.4.
        { now: { postStatus: 429 }, secrets: ['token-right'], action: 'warn' },
        { now: { anonymousStatus: 401 }, secrets: [], action: 'deny' },
        { now: { anonymousStatus: 403 }, secrets: [], action: 'deny' },
        { now: { status: 503 }, secrets: ['token-right'], action: 'warn' },
      ]
      for (const [index, { now, secrets, action }] of rows.entries()) {
        // A repository of its own, so that no token or answer of another row is remembered.
        const repository = `team/row-${index}`
        await registries.token.push(repository, '1.0')
        const image = `token.acme.test/${repository}:1.0`
        Object.assign(misbehave, usual, now)

        const verdict = await webhook.review(
          podReview({ namespace: 'team-a', images: [image], imagePullSecrets: secrets }),
        )

        t.equal(verdict.action, action, `${JSON.stringify(now)}: ${told(verdict)}`)
      }
      Object.assign(misbehave, usual)
    })

    await t.test('counts and logs the decisions, and no secret', async (t) => {
      const { text } = await webhook.metricsPath('/metrics')
      const logged = JSON.stringify(webhook.log)

      t.match(
        text,
        /pullgate_decisions_total\{action="deny",cause="\w+",mode="enforce",operation="CREATE"\} [1-9]/,
      )
      t.ok(webhook.log.some((line) => line.msg === 'decision' && line.action === 'deny'))
      for (const secret of [
        PASSWORD,
        WRONG,
        Buffer.from(`builder:${PASSWORD}`).toString('base64'),
      ]) {
        t.notOk(text.includes(secret))
        t.notOk(logged.includes(secret))
      }
    })
  },
)

function loginsFor({ requests }: TokenServer, repository: string): TokenRequest[] {
  return requests.filter(
    ({ username, scopes }) =>
      username !== null && scopes.includes(`repository:${repository}:pull`),
  )
}

/** The whole text that the user gets. */
function told({ message, warnings }: Verdict): string {
  return [message, ...warnings].join('\n')
}

function checkVerdict(t: Test, expected: Case, verdict: Verdict): void {
  const text = told(verdict)
  t.equal(verdict.action, expected.action, text)
  if (expected.cause !== null) t.match(text, `[${expected.cause}]`)
  for (const words of expected.says ?? []) t.match(text, words)
  for (const words of [PASSWORD, WRONG, ...(expected.silentOn ?? [])])
    t.notMatch(text, words)
  if (verdict.action === 'deny')
    t.match(verdict, { code: 403, reason: 'Forbidden', allowed: false })
}
