import * as fc from 'fast-check'
import t from 'tap'
import type { RegistryClient } from '../../src/registry/lookup.ts'
import type { CauseCode } from '../../src/prediction/causes.ts'
import type { Fact } from '../../src/prediction/cluster-facts.ts'
import type { Finding } from '../../src/prediction/finding.ts'
import type { ImagePrediction } from '../../src/prediction/prediction.ts'
import type { Workload } from '../../src/workload/workload.ts'
import {
  IMAGE,
  NOW_MS,
  certainCauses,
  createWorld,
  deployment,
  found,
  isFitToShow,
  leading,
  login,
  mutatingWebhook,
  nodeObject,
  notFound,
  opensFor,
  pod,
  runningPod,
  secretObject,
  serviceAccount,
  textsOf,
  unauthorized,
} from './world.ts'
import type { BareResult, NodeSettings, PodSettings, WorldOptions } from './world.ts'

const HOST = 'registry.acme.test'

const unknown = async (): Promise<Fact<never>> => ({
  status: 'unknown',
  reason: 'forbidden by RBAC',
})

/** Five findings that are certain in a world where nothing speaks against them. */
const certainties: Record<string, { world: WorldOptions; pod?: PodSettings }> = {
  InvalidImageName: { world: {}, pod: { image: 'Team/App:1' } },
  ImageNotFound: { world: { answer: () => notFound } },
  CredentialsRequired: {
    world: { answer: () => unauthorized('no-credentials', false) },
  },
  CredentialsRejected: {
    world: {
      answer: opensFor('nobody'),
      objects: [secretObject('acme-pull', { [HOST]: login('bad') })],
    },
    pod: { secrets: ['acme-pull'] },
  },
  PullSecretMalformed: {
    world: { objects: [secretObject('acme-pull', { [HOST]: { auth: '%' } })] },
    pod: { secrets: ['acme-pull'] },
  },
  NotARegistry: {
    world: {
      answer: () => ({
        outcome: 'unusable',
        fault: 'web-page',
        mediaType: 'text/html',
        sizeBytes: 1,
      }),
    },
  },
  PlatformMismatch: { world: { answer: () => arm64Only } },
}
const names = Object.keys(certainties)
const fromRegistry = ['ImageNotFound', 'CredentialsRequired', 'CredentialsRejected']
const allButName = names.filter((name) => name !== 'InvalidImageName')

const arm64Only: BareResult = {
  outcome: 'found',
  digest: `sha256:${'c'.repeat(64)}`,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  sizeBytes: 500,
  kind: 'index',
  platforms: [
    {
      digest: `sha256:${'d'.repeat(64)}`,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      os: 'linux',
      architecture: 'arm64',
      variant: null,
      osVersion: null,
      osFeatures: [],
    },
  ],
  missingChildren: [],
}

interface Doubt {
  name: string
  world?: WorldOptions
  pod?: PodSettings
  node?: NodeSettings
  /** Findings that are no longer certain on a Pod, and on a template. */
  pods: string[]
  templates: string[]
  says: RegExp
}

const namespaceOfAge = (ageMs: number): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'team-a',
    creationTimestamp: new Date(NOW_MS - ageMs).toISOString(),
  },
})

const doubts: Doubt[] = [
  { name: 'nothing', pods: [], templates: [], says: /$/ },
  {
    name: 'a pull-through proxy',
    world: { registry: { proxy: true } },
    pods: [...fromRegistry, 'NotARegistry', 'PlatformMismatch'],
    templates: [...fromRegistry, 'NotARegistry', 'PlatformMismatch'],
    says: /pull-through proxy/,
  },
  {
    name: 'mirrors that are not shown',
    world: { registry: { mirrored: true } },
    pods: [...fromRegistry, 'NotARegistry', 'PlatformMismatch'],
    templates: [...fromRegistry, 'NotARegistry', 'PlatformMismatch'],
    says: /through mirrors/,
  },
  {
    name: 'a host for which nodes are listed to have credentials',
    world: { settings: { nodeCredentialHosts: [HOST] } },
    pods: fromRegistry,
    templates: fromRegistry,
    says: /Nodes usually have credentials of their own/,
  },
  {
    name: 'Pods that only credentials of the nodes explain',
    world: { objects: [runningPod(`${HOST}/other/app:1`)] },
    pods: ['CredentialsRequired', 'CredentialsRejected'],
    templates: ['CredentialsRequired', 'CredentialsRejected'],
    says: /Nodes evidently have credentials/,
  },
  {
    name: 'Pods that may not be listed',
    world: { facts: { podsUsingRegistry: unknown } },
    pods: ['CredentialsRequired'],
    templates: ['CredentialsRequired'],
    says: /not known \(forbidden by RBAC\)/,
  },
  {
    name: 'learning switched off',
    world: {
      settings: {
        nodeCredentials: {
          dockerConfigFile: null,
          complete: false,
          credentialProviderConfig: null,
          credentialProviderBinDir: null,
          learn: false,
        },
      },
    },
    pods: ['CredentialsRequired'],
    templates: ['CredentialsRequired'],
    says: /is not looked for/,
  },
  {
    name: 'a node that lists the image',
    pod: { policy: 'IfNotPresent' },
    node: { images: [IMAGE] },
    pods: allButName,
    templates: allButName,
    says: /nothing is pulled where a node already holds the image/,
  },
  {
    name: 'a node that lists the image, which is pulled Always',
    node: { images: [IMAGE] },
    pods: [],
    templates: [],
    says: /$/,
  },
  {
    name: 'a list of images that may be cut',
    pod: { policy: 'IfNotPresent' },
    node: { images: Array.from({ length: 50 }, (_, index) => `other.test/i${index}:1`) },
    pods: allButName,
    templates: allButName,
    says: /already holds/,
  },
  {
    name: "a cluster on a developer's machine",
    pod: { policy: 'IfNotPresent' },
    node: { providerID: 'kind://docker/kind/kind-control-plane' },
    pods: allButName,
    templates: allButName,
    says: /already holds/,
  },
  {
    name: 'nodes that may not be read, with IfNotPresent',
    world: { facts: { nodes: unknown } },
    pod: { policy: 'IfNotPresent' },
    pods: allButName,
    templates: allButName,
    says: /Whether a node already holds the image is not known|container runtime/,
  },
  {
    name: 'nodes that may not be read',
    world: { facts: { nodes: unknown } },
    pods: allButName,
    templates: allButName,
    says: /Which container runtime the nodes have is not known/,
  },
  {
    name: 'nodes that may not be read, whose runtime is told',
    world: { facts: { nodes: unknown }, settings: { runtimeProfile: 'containerd-2.1' } },
    pods: ['PlatformMismatch'],
    templates: ['PlatformMismatch'],
    says: /$/,
  },
  {
    name: 'another runtime',
    node: { runtime: 'cri-o://1.33.0' },
    pods: allButName,
    templates: allButName,
    says: /1 of 1 eligible nodes run cri-o/,
  },
  {
    name: 'another runtime, when the operator knows it',
    world: { settings: { runtimeProfile: 'cri-o' } },
    node: { runtime: 'cri-o://1.33.0' },
    pods: [],
    templates: [],
    says: /$/,
  },
  {
    name: 'a mutating webhook',
    world: { objects: [mutatingWebhook('kyverno-cfg', 'mutate.kyverno.svc')] },
    pods: [],
    templates: names,
    says: /mutate\.kyverno\.svc may still change/,
  },
  {
    name: 'a mutating webhook that is known to be harmless',
    world: { objects: [mutatingWebhook('pod-identity-webhook', 'id.amazonaws.com')] },
    pods: [],
    templates: [],
    says: /$/,
  },
  {
    name: 'a mutating webhook that the operator calls harmless',
    world: {
      objects: [mutatingWebhook('acme', 'labels.acme.test')],
      settings: { harmlessMutators: ['*.acme.test'] },
    },
    pods: [],
    templates: [],
    says: /$/,
  },
  {
    name: 'mutating webhooks that may not be read',
    world: { facts: { podMutators: unknown } },
    pods: [],
    templates: names,
    says: /Whether a mutating webhook changes.*forbidden by RBAC/,
  },
  {
    name: 'a namespace of four minutes',
    world: { objects: [namespaceOfAge(240_000)] },
    pods: [],
    templates: ['CredentialsRequired', 'CredentialsRejected', 'PullSecretMalformed'],
    says: /younger than five minutes/,
  },
  {
    name: 'a namespace of six minutes',
    world: { objects: [namespaceOfAge(360_000)] },
    pods: [],
    templates: [],
    says: /$/,
  },
  {
    name: 'a namespace that may not be read',
    world: { facts: { namespace: unknown } },
    pods: [],
    templates: ['CredentialsRequired', 'CredentialsRejected', 'PullSecretMalformed'],
    says: /How old the namespace is.*forbidden by RBAC/,
  },
]

t.test('each doubt, against each finding that would be certain', async (t) => {
  for (const doubt of doubts) {
    for (const [name, certainty] of Object.entries(certainties)) {
      const world = await createWorld({
        ...certainty.world,
        ...doubt.world,
        objects: [
          ...(certainty.world.objects ?? []),
          ...(doubt.world?.objects ?? []),
          nodeObject(doubt.node),
        ],
      })
      const settings = { ...certainty.pod, ...doubt.pod }
      const told = (workload: Workload): Promise<ImagePrediction[]> =>
        world.predict(workload)
      const onPod = await told(pod(settings))
      const onTemplate = await told(deployment(settings))
      check(onPod, doubt.pods.includes(name))
      check(onTemplate, doubt.templates.includes(name))
      t.same(world.faults, [])

      function check(predictions: ImagePrediction[], isDoubted: boolean): void {
        const title = `${doubt.name}: ${name}`
        t.same(certainCauses(predictions), isDoubted ? [] : [name], title)
        t.same(
          textsOf(predictions).filter((text) => !isFitToShow(text)),
          [],
        )
        // Without nodes there are no platforms to speak of.
        if (isDoubted && predictions[0]?.findings.length)
          t.match(textsOf(predictions).join(' '), doubt.says, title)
      }
    }
  }
})

t.test(
  'an image that runs somewhere is taken for present, however it is spelt',
  async (t) => {
    const digest = `sha256:${'e'.repeat(64)}`
    const hub = 'docker.io/library/nginx'
    const cases: [wanted: string, ran: string, imageID: string, present: boolean][] = [
      ['nginx:1.27', 'nginx:1.27', 'id', true],
      ['nginx:1.27', 'docker.io/library/nginx:1.27', 'id', true],
      ['docker.io/nginx:1.27', 'index.docker.io/library/nginx:1.27', 'id', true],
      [`nginx@${digest}`, `nginx:1.27@${digest}`, 'id', true],
      [`nginx@${digest}`, 'nginx:1.27', `${hub}@${digest}`, true],
      ['nginx:latest', 'nginx', 'id', true],
      ['nginx:1.27', 'nginx:1.27', '', false],
      ['nginx:1.27', 'nginx:1.26', 'id', false],
      ['nginx:1.27', 'library/nginx-unprivileged:1.27', 'id', false],
    ]
    for (const [wanted, ran, imageID, present] of cases) {
      const world = await createWorld({
        answer: () => notFound,
        objects: [runningPod(ran, { imageID })],
      })
      const predictions = await world.predict(
        pod({ image: wanted, policy: 'IfNotPresent' }),
      )
      const title = `${wanted} after ${ran}${present ? '' : ' is not there'}`
      t.same(certainCauses(predictions), present ? [] : ['ImageNotFound'], title)
    }
  },
)

t.test('what could not be read never becomes certain', async (t) => {
  const unread: { name: string; world: WorldOptions; workload: Workload }[] = [
    {
      name: 'a secret that may not be read',
      world: { facts: { secret: unknown } },
      workload: pod({ secrets: ['acme-pull'] }),
    },
    {
      name: 'a service account that may not be read',
      world: { facts: { serviceAccount: unknown } },
      workload: deployment(),
    },
    {
      name: 'secrets: none, with a secret named',
      world: { settings: { secrets: 'none' } },
      workload: pod({ secrets: ['acme-pull'] }),
    },
    {
      name: 'secrets: none, with one of the service account',
      world: {
        settings: { secrets: 'none' },
        objects: [serviceAccount('default', 'acme-pull')],
      },
      workload: deployment(),
    },
    {
      name: 'a list of secrets that is too long to be read',
      world: {},
      workload: pod({ secrets: Array.from({ length: 51 }, (_, index) => `s${index}`) }),
    },
  ]
  for (const { name, world: options, workload } of unread) {
    for (const result of [notFound, unauthorized('no-credentials', false)]) {
      const world = await createWorld({ ...options, answer: () => result })
      const predictions = await world.predict(workload)
      t.same(certainCauses(predictions), [], `${name}, ${result.outcome}`)
      t.ok(predictions[0]?.findings.length, name)
      if (options.settings?.secrets === 'none')
        t.same(world.secretReads, [], `${name}: no Secret is asked for`)
    }
  }
  const world = await createWorld({
    settings: { secrets: 'none' },
    answer: () => notFound,
  })
  t.same(certainCauses(await world.predict(pod())), ['ImageNotFound'], 'none is named')
})

t.test('with secrets: none not even running Pods are looked up', async (t) => {
  const world = await createWorld({
    settings: { secrets: 'none' },
    answer: () => unauthorized('no-credentials', false),
    objects: [runningPod(`${HOST}/other/app:1`, { secrets: ['theirs'] })],
  })
  t.same(certainCauses(await world.predict(pod())), [])
  t.same(world.secretReads, [])
})

t.test('credentials that cannot all be tried refuse nothing for certain', async (t) => {
  const latin = { auth: Buffer.from('bot:p\u00e4ss', 'latin1').toString('base64') }
  const many = Array.from({ length: 51 }, (_, index) => `pull-${index}`)
  const cases: [secrets: string[], objects: object[], says: RegExp][] = [
    [['latin'], [secretObject('latin', { [HOST]: latin })], /team-a\/latin.* not UTF-8/],
    [
      many,
      many.map((name) => secretObject(name, { 'other.test': login('bot') })),
      /^Not every pull secret could be tried \(more than 50 are named/,
    ],
  ]
  for (const [secrets, objects, says] of cases) {
    const world = await createWorld({ objects, answer: opensFor('nobody') })
    const predictions = await world.predict(pod({ secrets }))
    t.same(certainCauses(predictions), [])
    const unverified = predictions[0]?.findings.find(
      ({ cause }) => cause === 'Unverified',
    )
    t.match(unverified?.message, says)
  }
})

t.test('a missing secret on a template leaves a 404 open too', async (t) => {
  const world = await createWorld({ answer: () => notFound })
  const settings = { secrets: ['gone'] }
  t.same(certainCauses(await world.predict(deployment(settings))), [])
  t.same(certainCauses(await world.predict(pod(settings))), ['ImageNotFound'])
})

/** Refuses the repository `other` and shows nothing of the rest. */
function answer({ image }: { image: string }): BareResult {
  return image.includes('other') ? unauthorized('no-credentials', false) : notFound
}

t.test('a 404 to strangers is open where nodes have credentials', async (t) => {
  const listed: WorldOptions = { settings: { nodeCredentialHosts: [HOST] } }
  const learned: WorldOptions = { objects: [runningPod(`${HOST}/other/app:1`)] }
  for (const options of [listed, learned]) {
    const world = await createWorld({ ...options, answer })
    const predictions = await world.predict(pod())
    t.same(certainCauses(predictions), [])
    t.match(leading(predictions), { cause: 'ImageNotFound', doubts: [/may answer 404/] })
  }
  const open = await createWorld({
    ...listed,
    answer,
    tags: { outcome: 'listed', tags: ['2.0'], complete: true },
  })
  t.same(certainCauses(await open.predict(pod())), ['ImageNotFound'], 'tags are shown')
  const opened = await createWorld({
    ...listed,
    answer: () => ({ ...notFound, evidence: { status: 404, access: 'credential' } }),
    objects: [secretObject('acme-pull', { [HOST]: login('bot') })],
  })
  const predictions = await opened.predict(pod({ secrets: ['acme-pull'] }))
  t.same(certainCauses(predictions), ['ImageNotFound'], 'a credential was accepted')
})

t.test(
  'a 404 to strangers is open where what runs is not shown to them either',
  async (t) => {
    const strangers: BareResult = {
      ...notFound,
      evidence: { status: 404, access: 'anonymous-token' },
    }
    const running = runningPod(`${HOST}/other/app:1`)
    const hiding = await createWorld({ objects: [running], answer: () => strangers })
    for (const time of ['first', 'second']) {
      const predictions = await hiding.predict(pod())
      t.same(certainCauses(predictions), [], time)
      t.match(leading(predictions), {
        cause: 'ImageNotFound',
        doubts: [/run in this cluster that it does not show.* may answer 404/],
      })
    }
    const cases: [why: string, options: WorldOptions][] = [
      ['nothing runs', { answer: () => strangers }],
      ['no token was asked for', { objects: [running], answer: () => notFound }],
      [
        'a pull secret opens what runs',
        {
          objects: [
            runningPod(`${HOST}/other/app:1`, { secrets: ['theirs'] }),
            secretObject(
              'theirs',
              { [HOST]: login('theirs') },
              {
                metadata: { name: 'theirs', namespace: 'team-b' },
              },
            ),
          ],
          answer: () => strangers,
        },
      ],
      [
        'tags are shown',
        {
          objects: [running],
          answer: () => strangers,
          tags: { outcome: 'listed', tags: ['2.0'], complete: true },
        },
      ],
    ]
    for (const [why, options] of cases) {
      const world = await createWorld(options)
      t.same(certainCauses(await world.predict(pod())), ['ImageNotFound'], why)
    }
    const refusing = await createWorld({
      objects: [running],
      answer: ({ image }) =>
        image.includes('other') ? strangers : unauthorized('no-credentials', false),
    })
    const refused = certainCauses(await refusing.predict(pod()))
    t.same(refused, ['CredentialsRequired'], 'a 401 is not')
  },
)

/** Answers once nobody waits any more. A signal's own timer keeps no process alive, a connection would. */
const tagsInVain: RegistryClient['tags'] = ({ signal }) =>
  new Promise((resolve) => {
    const connection = setInterval(() => {}, 60_000)
    signal.addEventListener('abort', () => {
      clearInterval(connection)
      resolve({ outcome: 'unavailable' })
    })
  })

t.test('a list of tags that never comes costs no verdict', async (t) => {
  const world = await createWorld({
    answer: () => notFound,
    overrides: { client: { tags: tagsInVain } },
  })
  const predictions = await world.predict(pod(), AbortSignal.timeout(10_000))
  t.same(certainCauses(predictions), ['ImageNotFound'])
})

t.test('a refusal with a secret that matches needs no list of Pods', async (t) => {
  const world = await createWorld({
    answer: opensFor('nobody'),
    objects: [secretObject('acme-pull', { [HOST]: login('bad') })],
    facts: { podsUsingRegistry: unknown },
  })
  t.same(certainCauses(await world.predict(pod({ secrets: ['acme-pull'] }))), [
    'CredentialsRejected',
  ])
})

t.test('out of time', async (t) => {
  for (const { world: options, pod: settings } of Object.values(certainties)) {
    const world = await createWorld(options)
    const late = await world.predict(pod(settings), AbortSignal.abort())
    t.same(causesOf(late), ['Unverified'])
    t.same(certainCauses(late), [])
    t.same(world.asked, [], 'nobody is asked any more')
  }
  // The time is up while the cluster is asked what might speak against a denial.
  const abort = new AbortController()
  const world = await createWorld({
    answer: () => notFound,
    facts: {
      nodes: async () => {
        abort.abort()
        return { status: 'known', value: [] }
      },
    },
  })
  t.same(certainCauses(await world.predict(pod(), abort.signal)), [])
})

t.test('an object without images asks nothing', async (t) => {
  const world = await createWorld({ facts: { secret: unknown } })
  const none = { ...pod({ secrets: ['acme-pull'] }), images: [] }
  t.same(await world.predict(none), [])
  t.same(world.secretReads, [])
})

function causesOf(predictions: readonly ImagePrediction[]): CauseCode[] {
  return predictions.flatMap(({ findings }) => findings.map(({ cause }) => cause))
}

/** What may be certain although the image was found: an index that serves no node, content that is gone. */
const CERTAIN_WHEN_FOUND: ReadonlySet<CauseCode> = new Set([
  'PlatformMismatch',
  'ManifestIncomplete',
])
/** Troubles of the way, whatever else is so. */
const NEVER_CERTAIN: readonly BareResult[] = [
  { outcome: 'forbidden', evidence: { status: 403 } },
  {
    outcome: 'rate-limited',
    stage: 'token',
    retryAfterMs: null,
    evidence: { status: 429 },
  },
  ...[400, 406, 410, 451, 500, 502, 503, 504].map((status): BareResult => ({
    outcome: 'unexpected-status',
    evidence: { status },
  })),
  { outcome: 'token-service-failure', fault: 'status', evidence: { status: 500 } },
  {
    outcome: 'unreachable',
    fault: 'name-not-found',
    target: 'registry',
    host: HOST,
    evidence: { status: null },
  },
  {
    outcome: 'untrusted',
    fault: 'expired',
    target: 'registry',
    host: HOST,
    detail: '',
    evidence: { status: null },
  },
  {
    outcome: 'refused-address',
    target: 'redirect',
    host: HOST,
    evidence: { status: null },
  },
  { outcome: 'interrupted', evidence: { status: null } },
]
const refusals: readonly BareResult[] = [
  notFound,
  unauthorized('no-credentials', false),
  unauthorized('rejected', true),
  unauthorized('insufficient-scope', true),
]

const anyResult = fc.constantFrom(found, arm64Only, ...refusals, ...NEVER_CERTAIN)
const anyWorld = fc.record({
  template: fc.boolean(),
  policy: fc.constantFrom('Always', 'IfNotPresent', 'Never'),
  secrets: fc.subarray(['first', 'second', 'gone', 'opaque', '']),
  answers: fc.record({ anonymous: anyResult, first: anyResult, second: anyResult }),
  proxy: fc.boolean(),
  mirrored: fc.boolean(),
  listed: fc.boolean(),
  runtime: fc.constantFrom('containerd://2.1.4', 'containerd://1.7.2', 'cri-o://1.33'),
  hidden: fc.subarray([
    'nodes',
    'namespace',
    'podMutators',
    'podsUsingRegistry',
  ] as const),
  ran: fc.boolean(),
})

t.test('no combination of facts makes doubt certain', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyWorld, async (given) => {
      const { answers } = given
      const world = await createWorld({
        objects: [
          secretObject('first', { [HOST]: login('first') }),
          secretObject('second', { [`${HOST}/team`]: login('second') }),
          secretObject('opaque', { [HOST]: login('first') }, { type: 'Opaque' }),
          nodeObject({ runtime: given.runtime }),
          ...(given.ran ? [runningPod(`${HOST}/other:1`)] : []),
        ],
        answer: ({ username }) =>
          username === 'first' || username === 'second'
            ? answers[username]
            : answers.anonymous,
        registry: { proxy: given.proxy, mirrored: given.mirrored },
        settings: { nodeCredentialHosts: given.listed ? [HOST] : [] },
        facts: Object.fromEntries(given.hidden.map((name) => [name, unknown])),
      })
      const make = given.template ? deployment : pod
      const predictions = await world.predict(
        make({ secrets: given.secrets, policy: given.policy }),
      )
      const certain = predictions.flatMap(({ findings }) =>
        findings.filter(({ certainty }) => certainty === 'certain'),
      )
      // The kubelet's order: the longer path first, and nobody anonymous after a match.
      const order = (['second', 'first'] as const).filter((each) =>
        given.secrets.includes(each),
      )
      const tried = (order.length > 0 ? order : (['anonymous'] as const)).map(
        (each) => answers[each],
      )
      mustNotBeCertain(certain, tried, given)
      if (world.faults.length > 0) throw world.faults[0]
      const unfit = textsOf(predictions).filter((text) => !isFitToShow(text))
      if (unfit.length > 0) throw new Error(`not fit to show: ${unfit.join('; ')}`)
    }),
    { numRuns: 300 },
  )
  t.pass('every world')
})

function mustNotBeCertain(
  certain: readonly Finding[],
  tried: readonly BareResult[],
  given: typeof anyWorld extends fc.Arbitrary<infer Given> ? Given : never,
): void {
  const mayBe = (isSo: boolean, why: string): void => {
    const causes = certain.map(({ cause }) => cause)
    if (isSo && certain.length > 0) throw new Error(`${why}: ${causes.join(', ')}`)
  }
  const pulls = tried.some(({ outcome }) => outcome === 'found')
  const isOpen = tried.some((result) => NEVER_CERTAIN.includes(result))
  mayBe(
    pulls && certain.some(({ cause }) => !CERTAIN_WHEN_FOUND.has(cause)),
    'it would pull',
  )
  mayBe(!pulls && isOpen, 'an attempt stays open')
  mayBe(given.proxy || given.mirrored, 'nodes reach it otherwise')
  mayBe(given.runtime.startsWith('cri-o'), 'another runtime')
  mayBe(given.hidden.includes('nodes'), 'nodes are not known')
  mayBe(given.policy === 'Never', 'nothing is pulled')
  mayBe(given.template && given.hidden.includes('podMutators'), 'it may be rewritten')
  const aboutCredentials = certain.some(({ cause }) => cause.startsWith('Credential'))
  mayBe(aboutCredentials && given.listed, 'nodes have credentials')
  mayBe(
    aboutCredentials && given.template && given.secrets.includes('gone'),
    'a secret is missing',
  )
}

t.test(
  'a finding that is not certain says why, or is of a cause that never is',
  async (t) => {
    const world = await createWorld({ answer: () => notFound, registry: { proxy: true } })
    const finding = leading(await world.predict(pod()))
    t.equal(finding?.certainty, 'uncertain')
    t.equal(finding?.doubts.length, 1)
  },
)
