import t from 'tap'
import type { CauseCode } from '../../src/prediction/causes.ts'
import type { Certainty } from '../../src/prediction/finding.ts'
import {
  IMAGE,
  PASSWORD,
  certainCauses,
  createWorld,
  deployment,
  found,
  isFitToShow,
  leading,
  login,
  nodeObject,
  notFound,
  opensFor,
  pod,
  rawSecret,
  secretObject,
  serviceAccount,
  textsOf,
  unauthorized,
} from './world.ts'
import type { BareResult, PodSettings, Script, WorldOptions } from './world.ts'

const HOST = 'registry.acme.test'

type Verdict = [CauseCode, Certainty] | null

interface Outcome {
  name: string
  result: BareResult
  /** Without any secret, and with one that matches. */
  anonymous: Verdict
  withSecret?: Verdict
  says?: RegExp
}

const uncertain = (cause: CauseCode): Verdict => [cause, 'uncertain']
const certain = (cause: CauseCode): Verdict => [cause, 'certain']

const networkFaults = [
  'name-not-found',
  'name-resolution-failed',
  'connection-refused',
  'connection-reset',
  'connect-timeout',
  'response-timeout',
  'too-many-redirects',
  'invalid-port',
  'network-unreachable',
  'protocol-error',
] as const
const tlsFaults = [
  'unknown-authority',
  'name-mismatch',
  'expired',
  'not-yet-valid',
  'other',
] as const
const tokenFaults = ['no-realm', 'no-token', 'not-json', 'status'] as const

function unusable(
  fault: Extract<BareResult, { outcome: 'unusable' }>['fault'],
  changes: NonNullable<BareResult['evidence']> = {},
): BareResult {
  return {
    outcome: 'unusable',
    fault,
    mediaType: 'text/x-odd',
    sizeBytes: 9,
    evidence: changes,
  }
}

const outcomes: Outcome[] = [
  { name: 'found', result: found, anonymous: null },
  {
    name: 'a tag that is not there',
    result: notFound,
    anonymous: certain('ImageNotFound'),
    says: /registry\.acme\.test\/team\/api has no tag "2\.1"/,
  },
  {
    name: 'a repository that is not there',
    result: { outcome: 'not-found', missing: 'repository', evidence: { status: 404 } },
    anonymous: certain('RepositoryNotFound'),
    says: /no repository "team\/api"/,
  },
  {
    name: 'a 404 that a proxy may have given',
    result: {
      outcome: 'not-found',
      missing: 'manifest',
      evidence: { status: 404, unsigned: true },
    },
    anonymous: uncertain('ImageNotFound'),
  },
  {
    name: 'Basic',
    result: unauthorized('no-credentials', false),
    anonymous: certain('CredentialsRequired'),
    says: /requires credentials/,
  },
  {
    name: 'refused with Basic',
    result: unauthorized('rejected', true),
    anonymous: certain('CredentialsRequired'),
    withSecret: certain('CredentialsRejected'),
  },
  {
    name: 'no token for strangers',
    result: unauthorized('token-refused', false),
    anonymous: certain('CredentialsRequired'),
    says: /does not exist or is private/,
  },
  {
    name: 'no token for this account',
    result: unauthorized('token-refused', true),
    anonymous: certain('CredentialsRequired'),
    withSecret: certain('CredentialsRejected'),
  },
  {
    name: 'a token that does not open the repository',
    result: unauthorized('insufficient-scope', true),
    anonymous: certain('CredentialsRequired'),
    withSecret: certain('AccessDenied'),
  },
  {
    name: '401 again, as Quay does',
    result: unauthorized('still-unauthorized', true),
    anonymous: certain('CredentialsRequired'),
    withSecret: certain('AccessDenied'),
  },
  {
    name: '401 without a challenge',
    result: unauthorized('no-challenge', false),
    anonymous: certain('ChallengeUnsupported'),
    says: /WWW-Authenticate/,
  },
  {
    name: '401 without a challenge after a redirect',
    result: {
      ...unauthorized('no-challenge', false),
      evidence: { status: 401, redirected: true },
    },
    anonymous: uncertain('ChallengeUnsupported'),
  },
  {
    name: 'not found, while another host of the node gave no lasting answer',
    result: { ...notFound, evidence: { status: 404, doubts: ['A mirror is down.'] } },
    anonymous: uncertain('ImageNotFound'),
  },
  {
    name: '403',
    result: { outcome: 'forbidden', evidence: { status: 403 } },
    anonymous: uncertain('AccessDenied'),
    says: /403/,
  },
  {
    name: '429',
    result: {
      outcome: 'rate-limited',
      stage: 'manifest',
      retryAfterMs: 1_500,
      evidence: { status: 429 },
    },
    anonymous: uncertain('RateLimited'),
    says: /429.*2 seconds/,
  },
  {
    name: '429 for an account',
    result: {
      outcome: 'rate-limited',
      stage: 'manifest',
      retryAfterMs: 1_500,
      evidence: { status: 429, access: 'credential' },
    },
    anonymous: uncertain('RateLimited'),
    says: /the account in the pull secret \(429\)/,
  },
  {
    name: '429 for somebody else, so that nothing was sent with the account',
    result: {
      outcome: 'rate-limited',
      stage: 'manifest',
      retryAfterMs: 1_500,
      evidence: { status: 429, access: 'credential', unasked: true, requests: 0 },
    },
    anonymous: uncertain('RateLimited'),
    says: /^registry\.acme\.test is limiting requests and has asked this webhook to wait \(429\), [^,]*; nodes may have their own quota\. It is asked again in 2 seconds\.$/,
  },
  {
    name: '503',
    result: { outcome: 'unexpected-status', evidence: { status: 503 } },
    anonymous: uncertain('RegistryError'),
    says: /503/,
  },
  {
    name: '451',
    result: { outcome: 'unexpected-status', evidence: { status: 451 } },
    anonymous: uncertain('RegistryError'),
    says: /legal reasons/,
  },
  ...tokenFaults.map((fault) => ({
    name: `token service: ${fault}`,
    result: {
      outcome: 'token-service-failure',
      fault,
      evidence: { status: 503 },
    } as const,
    anonymous: uncertain('TokenServiceError'),
  })),
  ...networkFaults.map((fault) => ({
    name: `unreachable: ${fault}`,
    result: {
      outcome: 'unreachable',
      fault,
      target: 'registry',
      host: HOST,
      evidence: { status: null },
    } as const,
    anonymous: uncertain('RegistryUnreachable'),
    says: /registry\.acme\.test/,
  })),
  ...tlsFaults.map((fault) => ({
    name: `TLS: ${fault}`,
    result: {
      outcome: 'untrusted',
      fault,
      target: 'registry',
      host: HOST,
      detail: 'in the words of the library',
      evidence: { status: null },
    } as const,
    anonymous: uncertain('CertificateUntrusted'),
  })),
  {
    name: 'plain HTTP',
    result: {
      outcome: 'untrusted',
      fault: 'plain-http',
      target: 'registry',
      host: HOST,
      detail: '',
      evidence: { status: null },
    },
    anonymous: uncertain('PlainHttpRegistry'),
    says: /plainHttp|hosts\.toml/,
  },
  {
    name: 'an address that is not contacted',
    result: {
      outcome: 'refused-address',
      target: 'registry',
      host: HOST,
      evidence: { status: null },
    },
    anonymous: uncertain('RegistryNotAllowed'),
  },
  {
    name: 'interrupted',
    result: { outcome: 'interrupted', evidence: { status: null } },
    anonymous: uncertain('Unverified'),
  },
  {
    name: 'a web page',
    result: unusable('web-page'),
    anonymous: certain('NotARegistry'),
  },
  {
    name: 'a web page after a redirect',
    result: unusable('web-page', { redirected: true }),
    anonymous: uncertain('NotARegistry'),
  },
  {
    name: 'a web page through a proxy',
    result: unusable('web-page', { verified: false }),
    anonymous: uncertain('NotARegistry'),
  },
  {
    name: 'a foreign media type',
    result: unusable('content-type'),
    anonymous: certain('UnsupportedManifest'),
    says: /text\/x-odd/,
  },
  {
    name: 'a foreign media type through a proxy',
    result: unusable('content-type', { verified: false }),
    anonymous: uncertain('UnsupportedManifest'),
  },
  {
    name: 'schema 1 on containerd 2.1',
    result: unusable('schema1'),
    anonymous: certain('UnsupportedManifest'),
  },
  {
    name: 'a manifest that is too large',
    result: unusable('too-large'),
    anonymous: certain('UnsupportedManifest'),
    says: /4393216/,
  },
  {
    name: 'another digest than announced',
    result: unusable('digest-mismatch'),
    anonymous: uncertain('UnsupportedManifest'),
  },
  {
    name: 'a body that is not its type',
    result: unusable('bad-manifest'),
    anonymous: uncertain('UnsupportedManifest'),
  },
]

const matching = secretObject('acme-pull', { [HOST]: login('bot') })

for (const workload of [pod, deployment]) {
  t.test(`each outcome of a look-up, for a ${workload.name}`, async (t) => {
    for (const { name, result, anonymous, withSecret = anonymous, says } of outcomes) {
      const world = await createWorld({
        objects: [matching, nodeObject()],
        answer: () => result,
      })
      const plain = await world.predict(workload())
      const secret = await world.predict(workload({ secrets: ['acme-pull'] }))
      t.same(verdictOf(plain), anonymous, `${name}, without a secret`)
      t.same(verdictOf(secret), withSecret, `${name}, with a secret`)
      if (says) t.match(leading(plain)?.message, says, name)
      t.same(unfit([...plain, ...secret]), [], name)
      t.same(world.faults, [])
    }
  })
}

function unfit(predictions: Parameters<typeof textsOf>[0]): string[] {
  return textsOf(predictions).filter((text) => !isFitToShow(text))
}

function verdictOf(predictions: Parameters<typeof leading>[0]): Verdict {
  const finding = leading(predictions)
  return finding === null ? null : [finding.cause, finding.certainty]
}

interface Situation {
  name: string
  objects?: object[]
  pod?: PodSettings
  answer?: Script
  /** Of a Pod; of a template where it differs. */
  verdict: Verdict
  template?: Verdict
  says?: RegExp[]
  advises?: RegExp
  attempts?: string[]
  /** Other causes that are told beside it. */
  beside?: CauseCode[]
  world?: WorldOptions
}

const opaque = secretObject('acme-pull', { [HOST]: login('good') }, { type: 'Opaque' })

const situations: Situation[] = [
  {
    name: 'the right secret',
    objects: [secretObject('acme-pull', { [HOST]: login('good') })],
    pod: { secrets: ['acme-pull'] },
    verdict: null,
    attempts: ['secret team-a/acme-pull (key "registry.acme.test")'],
  },
  {
    name: 'no secret at all',
    verdict: certain('CredentialsRequired'),
    says: [/requires credentials/, /No pull secret is named|names no pull secret/],
    advises:
      /create secret docker-registry registry-acme-test-pull --docker-server=registry\.acme\.test.*patch serviceaccount default -p/,
    attempts: ['anonymous'],
  },
  {
    name: 'a wrong password',
    objects: [secretObject('acme-pull', { [HOST]: login('bad') })],
    pod: { secrets: ['acme-pull'] },
    verdict: certain('CredentialsRejected'),
    says: [/answered 401.*secret team-a\/acme-pull \(key "registry\.acme\.test"\)/],
    advises:
      /Renew it: kubectl -n team-a create secret docker-registry acme-pull --docker-server=registry\.acme\.test .*kubectl apply -f -/,
    attempts: ['secret team-a/acme-pull (key "registry.acme.test")'],
  },
  {
    name: 'first a wrong one, then the right one',
    objects: [
      secretObject('first', { [HOST]: login('bad') }),
      secretObject('second', { [HOST]: login('good') }),
    ],
    pod: { secrets: ['first', 'second'] },
    verdict: uncertain('PullSecretStale'),
    says: [/secret team-a\/first/],
    attempts: [
      'secret team-a/first (key "registry.acme.test")',
      'secret team-a/second (key "registry.acme.test")',
    ],
  },
  {
    name: 'two wrong ones, and no anonymous attempt after them',
    objects: [
      secretObject('first', { [HOST]: login('bad') }),
      secretObject('second', { [HOST]: login('worse') }),
    ],
    pod: { secrets: ['first', 'second'] },
    verdict: certain('CredentialsRejected'),
    says: [/team-a\/first/, /team-a\/second/],
    attempts: [
      'secret team-a/first (key "registry.acme.test")',
      'secret team-a/second (key "registry.acme.test")',
    ],
  },
  {
    name: 'a stale secret for a public image',
    objects: [secretObject('acme-pull', { [HOST]: login('bad') })],
    pod: { secrets: ['acme-pull'] },
    answer: ({ username }) =>
      username === null ? found : unauthorized('token-refused', true),
    verdict: certain('CredentialsRejected'),
    says: [/The image is public/],
    advises: /Remove the secret from imagePullSecrets, or renew it/,
  },
  {
    name: 'an entry without a user name',
    objects: [secretObject('acme-pull', { [HOST]: { auth: '' } })],
    pod: { secrets: ['acme-pull'] },
    verdict: certain('CredentialsRequired'),
    says: [/team-a\/acme-pull/],
    beside: ['PullSecretEmpty'],
  },
  {
    name: 'a secret that cannot be decoded, though the image is public',
    objects: [secretObject('acme-pull', { 'other.test': { auth: '%%%' } })],
    pod: { secrets: ['acme-pull'] },
    answer: () => found,
    verdict: certain('PullSecretMalformed'),
    says: [/illegal base64 data at input byte 0/, /no image of the Pod/, /other\.test/],
    attempts: [],
  },
  {
    name: 'a secret that does not exist',
    pod: { secrets: ['gone'] },
    verdict: certain('CredentialsRequired'),
    template: uncertain('CredentialsRequired'),
    says: [/team-a\/gone does not exist/],
    advises: /create secret docker-registry gone --docker-server=registry\.acme\.test/,
    beside: ['PullSecretMissing'],
  },
  {
    name: 'a secret that does not exist, for an image that pulls without it',
    pod: { secrets: ['gone'] },
    answer: () => found,
    verdict: uncertain('PullSecretMissing'),
  },
  {
    name: 'a secret of the wrong type',
    objects: [opaque],
    pod: { secrets: ['acme-pull'] },
    verdict: certain('CredentialsRequired'),
    says: [/type Opaque, which the kubelet ignores/],
    beside: ['PullSecretWrongType'],
  },
  {
    name: 'a secret without its key',
    objects: [secretObject('acme-pull', {}, { data: {} })],
    pod: { secrets: ['acme-pull'] },
    verdict: certain('CredentialsRequired'),
    says: [/has no key \.dockerconfigjson/],
    beside: ['PullSecretEmpty'],
  },
  {
    name: 'registries outside of auths',
    objects: [rawSecret('acme-pull', JSON.stringify({ [HOST]: login('good') }))],
    pod: { secrets: ['acme-pull'] },
    verdict: certain('CredentialsRequired'),
    says: [/outside of "auths" \(registry\.acme\.test\)/],
    beside: ['PullSecretEmpty'],
  },
  {
    name: 'an entry of the list without a name',
    pod: { secrets: [''] },
    verdict: certain('CredentialsRequired'),
    beside: ['PullSecretUnnamed'],
  },
  {
    name: 'a key with another port',
    objects: [secretObject('acme-pull', { [`${HOST}:5000`]: login('good') })],
    pod: { secrets: ['acme-pull'] },
    verdict: certain('CredentialsRequired'),
    says: [/registry\.acme\.test:5000.*does not match.*port 5000/],
    advises: /acme-pull --docker-server=registry\.acme\.test /,
    attempts: ['anonymous'],
    beside: ['PullSecretNotMatching'],
  },
  {
    name: 'a key for another registry',
    objects: [secretObject('acme-pull', { 'quay.io': login('good') })],
    pod: { secrets: ['acme-pull'] },
    verdict: certain('CredentialsRequired'),
    says: [/quay\.io/, /none matches registry\.acme\.test\/team\/api/],
    beside: ['PullSecretNotMatching'],
  },
  {
    name: "a list of its own, which keeps the service account's away",
    objects: [
      secretObject('other', { 'quay.io': login('good') }),
      secretObject('acme-pull', { [HOST]: login('good') }),
      serviceAccount('default', 'acme-pull'),
    ],
    pod: { secrets: ['other'] },
    verdict: certain('CredentialsRequired'),
    says: [/Because imagePullSecrets is set.*service account default \(acme-pull\)/],
  },
  {
    name: "the service account's secret, which only a template gets from us",
    objects: [
      secretObject('acme-pull', { [HOST]: login('good') }),
      serviceAccount('default', 'acme-pull'),
    ],
    verdict: certain('CredentialsRequired'),
    template: null,
  },
  {
    name: 'a named service account without secrets',
    objects: [serviceAccount('builder')],
    pod: { serviceAccount: 'builder' },
    verdict: certain('CredentialsRequired'),
    advises: /patch serviceaccount builder/,
  },
  {
    name: 'a service account that does not exist',
    pod: { serviceAccount: 'gone' },
    verdict: certain('CredentialsRequired'),
    template: uncertain('CredentialsRequired'),
  },
  {
    name: 'an account that may not pull',
    objects: [secretObject('acme-pull', { [HOST]: login('bot') })],
    pod: { secrets: ['acme-pull'] },
    answer: () => unauthorized('insufficient-scope', true),
    verdict: certain('AccessDenied'),
    says: [/may not pull registry\.acme\.test\/team\/api/],
  },
  {
    name: 'refused, then not found with another secret',
    objects: [
      secretObject('first', { [HOST]: login('bad') }),
      secretObject('second', { [HOST]: login('good') }),
    ],
    pod: { secrets: ['first', 'second'] },
    answer: ({ username }) =>
      username === 'good' ? notFound : unauthorized('rejected', true),
    verdict: certain('ImageNotFound'),
  },
  {
    name: 'refused, then 403: what may be for our address only stays open',
    objects: [
      secretObject('first', { [HOST]: login('bad') }),
      secretObject('second', { [HOST]: login('good') }),
    ],
    pod: { secrets: ['first', 'second'] },
    answer: ({ username }) =>
      username === 'good'
        ? { outcome: 'forbidden', evidence: { status: 403 } }
        : unauthorized('rejected', true),
    verdict: uncertain('AccessDenied'),
  },
  {
    name: 'refused, then no answer',
    objects: [
      secretObject('first', { [HOST]: login('bad') }),
      secretObject('second', { [HOST]: login('good') }),
    ],
    pod: { secrets: ['first', 'second'] },
    answer: ({ username }) =>
      username === 'good'
        ? { outcome: 'unexpected-status', evidence: { status: 503 } }
        : unauthorized('rejected', true),
    verdict: uncertain('RegistryError'),
  },
]

t.test('each situation of credentials, on a Pod and on a template', async (t) => {
  for (const situation of situations) {
    const { name, verdict, template = verdict, answer = opensFor('good') } = situation
    const world = await createWorld({
      objects: situation.objects ?? [],
      answer,
      ...situation.world,
    })
    const bare = await world.predict(pod(situation.pod))
    const templated = await world.predict(deployment(situation.pod))
    t.same(verdictOf(bare), verdict, `${name} (Pod)`)
    t.same(verdictOf(templated), template, `${name} (template)`)
    const message = leading(bare)?.message ?? ''
    for (const pattern of situation.says ?? []) t.match(message, pattern, name)
    if (situation.advises) t.match(leading(bare)?.advice, situation.advises, name)
    const causesTold = bare[0]?.findings.map(({ cause }) => cause) ?? []
    for (const cause of situation.beside ?? [])
      t.ok(causesTold.includes(cause), `${name}: ${cause} is told`)
    if (situation.attempts) {
      const credentials = bare[0]?.attempts.map(({ credential }) => credential)
      t.same(credentials, situation.attempts, `${name}: attempts`)
    }
    t.same(unfit([...bare, ...templated]), [], name)
    t.same(world.faults, [], name)
  }
})

t.test('what needs no registry is judged without one', async (t) => {
  const cases: {
    image: string
    policy?: string
    world?: WorldOptions
    verdict: Verdict
  }[] = [
    { image: 'Team/App:1', verdict: certain('InvalidImageName') },
    { image: 'nginx:{{ .Values.tag }}', verdict: certain('InvalidImageName') },
    { image: 'Team/App:1', policy: 'Never', verdict: certain('InvalidImageName') },
    { image: 'localhost:5000/app:1', verdict: uncertain('LoopbackRegistry') },
    { image: '127.0.0.1/app:1', verdict: uncertain('LoopbackRegistry') },
    { image: `${HOST}:99999/app:1`, verdict: certain('InvalidRegistryPort') },
    {
      image: `${HOST}:99999/app:1`,
      world: { registry: { mirrored: true } },
      verdict: uncertain('InvalidRegistryPort'),
    },
    { image: IMAGE, policy: 'Never', verdict: null },
    { image: IMAGE, world: { registry: { skip: true } }, verdict: null },
    {
      image: IMAGE,
      policy: 'IfNotPresent',
      world: { settings: { preloadedImages: [`${HOST}/*`] } },
      verdict: null,
    },
  ]
  for (const { image, policy = 'Always', world: options, verdict } of cases) {
    const world = await createWorld({ answer: () => notFound, ...options })
    const predictions = await world.predict(pod({ image, policy }))
    t.same(verdictOf(predictions), verdict, image)
    t.same(world.asked, [], `${image}: nobody was asked`)
  }
  const world = await createWorld({
    answer: () => notFound,
    settings: { preloadedImages: [`${HOST}/*`] },
  })
  t.same(
    verdictOf(await world.predict(pod())),
    certain('ImageNotFound'),
    'with Always a preloaded image is asked for all the same',
  )
})

t.test('a malformed secret does not matter where nothing is pulled', async (t) => {
  const world = await createWorld({ objects: [rawSecret('bad', '{"auths": []}')] })
  const never = await world.predict(pod({ secrets: ['bad'], policy: 'Never' }))
  t.same(verdictOf(never), null)
  const always = await world.predict(pod({ secrets: ['bad'] }))
  t.same(verdictOf(always), certain('PullSecretMalformed'))
})

t.test('answers come in the order of the images, each by itself', async (t) => {
  const world = await createWorld({
    answer: ({ image }) => (image.endsWith(':bad') ? notFound : found),
  })
  const images = ['r.test/a:1', 'r.test/b:bad', 'nginx:1.2:3', 'r.test/c:1']
  const predictions = await world.predict(pod({ images }))
  t.same(
    predictions.map(({ use }) => use.image),
    images,
  )
  t.same(
    predictions.map(({ findings }) => findings[0]?.cause ?? null),
    [null, 'ImageNotFound', 'InvalidImageName', null],
  )
  t.equal(predictions[0]?.digest, `sha256:${'a'.repeat(64)}`)
})

t.test('a denial has just read the Secrets it rests on', async (t) => {
  const wrong = secretObject('acme-pull', { [HOST]: login('bad') })
  const right = secretObject('acme-pull', { [HOST]: login('good') })
  const world = await createWorld({ objects: [wrong], answer: opensFor('good') })
  const first = await world.predict(pod({ secrets: ['acme-pull'] }))
  t.same(certainCauses(first), ['CredentialsRejected'])
  t.same(world.secretReads, ['team-a/acme-pull', 'team-a/acme-pull fresh'])

  // Mended between the two reads: the first saw what a cache still held.
  let reads = 0
  const mended = await createWorld({
    answer: opensFor('good'),
    facts: {
      secret: async (namespace, name, { fresh }) => {
        reads += 1
        const store = await createWorldFacts(fresh ? right : wrong)
        return store.secret(namespace, name, {
          fresh,
          signal: new AbortController().signal,
        })
      },
    },
  })
  t.same((await mended.predict(pod({ secrets: ['acme-pull'] })))[0]?.findings, [])
  t.equal(reads, 2)
})

t.test('a credential that is accepted by now denies nothing', async (t) => {
  const secret = secretObject('acme-pull', { [HOST]: login('bot') })
  let isUnlocked = false
  const clock = { nowMs: 1_000 }
  const world = await createWorld({
    objects: [secret],
    answer: (asked) => opensFor(...(isUnlocked ? ['bot'] : []))(asked),
    clock,
  })
  const workload = pod({ secrets: ['acme-pull'] })
  t.same(certainCauses(await world.predict(workload)), ['CredentialsRejected'])
  isUnlocked = true
  clock.nowMs += 2_000
  t.same(certainCauses(await world.predict(workload)), ['CredentialsRejected'])
  clock.nowMs += 1
  t.same((await world.predict(workload))[0]?.findings, [])
})

t.test('an image that pulls is not worth a second read', async (t) => {
  const right = secretObject('acme-pull', { [HOST]: login('good') })
  const world = await createWorld({ objects: [right], answer: opensFor('good') })
  t.same((await world.predict(pod({ secrets: ['acme-pull'] })))[0]?.findings, [])
  t.same(world.secretReads, ['team-a/acme-pull'])
})

t.test('a denial has just read the service account it rests on', async (t) => {
  const right = secretObject('acme-pull', { [HOST]: login('good') })
  const world = await createWorld({
    objects: [right],
    answer: opensFor('good'),
    facts: {
      serviceAccount: async (namespace, name, { fresh }) => ({
        status: 'known',
        value: { namespace, name, imagePullSecrets: fresh ? ['acme-pull'] : [] },
      }),
    },
  })
  t.same((await world.predict(deployment()))[0]?.findings, [])
})

t.test('one image that does not answer keeps no other from its verdict', async (t) => {
  const abort = new AbortController()
  const silent = Promise.withResolvers<BareResult>()
  const world = await createWorld({
    objects: [secretObject('acme-pull', { [HOST]: login('bad') })],
    answer: ({ image, username }) =>
      image.includes('silent') ? silent.promise : opensFor('good')({ image, username }),
  })
  const images = [IMAGE, `${HOST}/silent:1`]
  const predicting = world.predict(pod({ images, secrets: ['acme-pull'] }), abort.signal)
  while (!world.secretReads.includes('team-a/acme-pull fresh')) await tick()
  for (let turn = 0; turn < 20; turn += 1) await tick()
  abort.abort()
  const predictions = await predicting
  silent.resolve(found)
  t.same(
    predictions.map(({ findings }) => [findings[0]?.cause, findings[0]?.certainty]),
    [
      ['CredentialsRejected', 'certain'],
      ['Unverified', 'uncertain'],
    ],
  )
})

t.test('a password stands in nothing that a prediction holds', async (t) => {
  const world = await createWorld({
    objects: [
      secretObject('first', { [HOST]: login('bad') }),
      secretObject('second', { [HOST]: { auth: btoa(`user:${PASSWORD}`) } }),
    ],
    answer: () => unauthorized('rejected', true),
  })
  const told = JSON.stringify(
    await world.predict(pod({ secrets: ['first', 'second', 'third'] })),
  )
  t.notOk(told.includes(PASSWORD))
  t.notOk(told.includes(btoa(`user:${PASSWORD}`)))
})

t.test('hostile names come out as one line', async (t) => {
  const evil = 'a\u202e\n\u001b[31m'
  const world = await createWorld({
    objects: [secretObject('acme-pull', { [`reg${evil}`]: login('x') })],
    answer: () => unauthorized('no-credentials', false),
  })
  const predictions = await world.predict(
    pod({
      images: [`x${evil}`, IMAGE],
      secrets: ['acme-pull', `gone${evil}; rm -rf ~`],
    }),
  )
  t.same(unfit(predictions), [])
})

t.test('a command to paste runs nothing that an object names', async (t) => {
  const evil = "x; touch /tmp/owned #'"
  const asked: WorldOptions[] = [
    { answer: opensFor('nobody') },
    { answer: opensFor('nobody'), settings: { secrets: 'none' } },
    {
      answer: opensFor('nobody'),
      objects: [
        secretObject(evil, { [HOST]: 'no entry' }, { type: 'kubernetes.io/dockercfg' }),
      ],
    },
  ]
  for (const options of asked) {
    const world = await createWorld(options)
    for (const workload of [
      pod({ secrets: [evil] }),
      deployment({ secrets: [evil], serviceAccount: evil }),
      deployment({ serviceAccount: evil }),
    ]) {
      const advice = (await world.predict(workload)).flatMap(({ findings }) =>
        findings.map((finding) => finding.advice ?? ''),
      )
      // Quoted, the name stands between apostrophes from its first character on.
      for (const text of advice) {
        const command = text.slice(text.indexOf('kubectl'))
        t.notMatch(command, /[^']x; touch/, command)
      }
    }
  }
})

t.test('a list of tags shows that a 404 is from a registry', async (t) => {
  const world = await createWorld({
    answer: () => ({
      outcome: 'not-found',
      missing: 'manifest',
      evidence: { status: 404, unsigned: true },
    }),
    tags: { outcome: 'listed', tags: ['2.0'], complete: true },
  })

  const [prediction] = await world.predict(pod())

  t.match(prediction?.findings, [{ cause: 'ImageNotFound', certainty: 'certain' }])
})

t.test(
  'a tag that the registry lists is not denied, whatever the 404 said',
  async (t) => {
    const world = await createWorld({
      answer: () => ({ outcome: 'not-found', missing: 'manifest' }),
      tags: { outcome: 'listed', tags: ['2.0', '2.1'], complete: true },
    })

    const [prediction] = await world.predict(pod())

    const [finding] = prediction?.findings ?? []
    t.match(finding, { cause: 'ImageNotFound', certainty: 'uncertain' })
    t.match(finding?.message, /lists the tag/)
  },
)

t.test('a fault of ours is never a verdict', async (t) => {
  const world = await createWorld({
    answer: () => {
      throw new TypeError('a bug')
    },
  })
  t.same(verdictOf(await world.predict(pod())), uncertain('Unverified'))
  t.equal(world.faults.length, 1)
})

async function tick(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

async function createWorldFacts(...objects: object[]) {
  const { createObjectStore, objectStoreFacts } =
    await import('../../src/cluster/object-store.ts')
  const { readKubernetesObjects } = await import('../../src/cluster/kubernetes-object.ts')
  return objectStoreFacts(
    createObjectStore(objects.flatMap((object) => readKubernetesObjects(object))),
    { complete: true, mayNameNamespaces: false },
  )
}
