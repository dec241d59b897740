import t from 'tap'
import { jsonReport } from '../../src/audit/reports/json.ts'
import type { ApiAnswer } from '../../src/cluster/api-client.ts'
import { autoscalerSigns } from '../../src/cluster/autoscaler-signs.ts'
import { objectStoreFacts, createObjectStore } from '../../src/cluster/object-store.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { decide } from '../../src/policy/decide.ts'
import type { AutoscalerSign } from '../../src/prediction/cluster-facts.ts'
import type { ImagePlatform } from '../../src/registry/image-platform.ts'
import type { LookupRequest } from '../../src/registry/lookup.ts'
import type { Workload } from '../../src/workload/workload.ts'
import { node } from './a-node.ts'
import {
  createWorld,
  deployment,
  found,
  IMAGE,
  isFitToShow,
  leading,
  login,
  nodeObject,
  notFound,
  opensFor,
  pod,
  runningPod,
  secretObject,
  textsOf,
  unauthorized,
  withEvidence,
} from './world.ts'
import type { BareResult, NodeSettings, WorldOptions } from './world.ts'
import { joined } from '../support/joined.ts'

function nodes(...settings: NodeSettings[]): object[] {
  return settings.map((each, at) => nodeObject({ name: `n${at}`, ...each }))
}

function index(...platforms: string[]): BareResult {
  return {
    outcome: 'found',
    digest: `sha256:${'c'.repeat(64)}`,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    sizeBytes: 500,
    kind: 'index',
    platforms: platforms.map((platform) => {
      const [os = null, architecture = null, variant = null] = platform.split('/')
      const digest = `sha256:${'d'.repeat(64)}`
      return {
        digest,
        mediaType: '',
        os,
        architecture,
        variant,
        osVersion: null,
        osFeatures: [],
      }
    }),
    missingChildren: [],
  }
}

const ifNotPresent = { policy: 'IfNotPresent' }
const full = Array.from({ length: 50 }, (_, at) => `r.test/other${at}:1`)

const presences: [
  title: string,
  objects: object[],
  thorough: RegExp,
  certainty: 'certain' | 'uncertain',
][] = [
  [
    'on the only node',
    nodes({ images: [IMAGE] }),
    /^The only eligible node lists the image: .* until it is rescheduled to a node without it\.$/,
    'uncertain',
  ],
  [
    'on all',
    nodes({ images: [IMAGE] }, { images: [IMAGE] }),
    /^All 2 eligible nodes list the image: .* until it is rescheduled/,
    'uncertain',
  ],
  [
    'on some',
    nodes({ images: [IMAGE] }, {}, {}),
    /^1 of 3 eligible nodes list the image: .* until it is rescheduled to another node\.$/,
    'uncertain',
  ],
  [
    'on none, and a Pod ran it',
    [...nodes({}, {}), runningPod(IMAGE)],
    /^None of the 2 eligible nodes lists the image, but Pods of this cluster ran it/,
    'uncertain',
  ],
  [
    'on none, and a list is cut',
    nodes({ images: full }, {}),
    /^None of the 2 .* but 1 of them list 50 images or more/,
    'uncertain',
  ],
  [
    'on none of a development cluster',
    nodes({ name: 'minikube' }),
    /development cluster/,
    'uncertain',
  ],
  [
    'on none',
    nodes({}, {}),
    /None of the 2 eligible nodes lists the image\.$/,
    'certain',
  ],
]

t.test('an image on nodes that the Pod may only reach later', async (t) => {
  const taints = [{ key: 'nvidia.com/gpu', value: '', effect: 'NoSchedule' }]
  const objects = nodes({}, { taints, images: [IMAGE] })
  const onNoNode = { nodeSelector: { disk: 'ssd' } }
  const cases: [string, Workload, 'certain' | 'uncertain'][] = [
    ['a template', deployment(ifNotPresent), 'uncertain'],
    ['a Pod', pod(ifNotPresent), 'certain'],
    [
      'a gated Pod',
      pod({
        ...ifNotPresent,
        spec: { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] },
      }),
      'uncertain',
    ],
    ['no node now', pod({ ...ifNotPresent, spec: onNoNode }), 'uncertain'],
  ]
  for (const [title, workload, certainty] of cases) {
    for (const thorough of [false, true]) {
      const world = await createWorld({
        objects,
        answer: () => notFound,
        overrides: { thorough },
      })
      const told = leading(await world.predict(workload))
      t.match(told, { cause: 'ImageNotFound', certainty }, title)
    }
  }
})

t.test('a denied platform has just looked at the nodes', async (t) => {
  const reads: boolean[] = []
  const world = await createWorld({
    answer: () => index('linux/arm64'),
    facts: {
      async nodes({ fresh }) {
        reads.push(fresh)
        const arm64 = node({ name: 'n2', architecture: 'arm64' })
        return { status: 'known', value: fresh ? [node(), arm64] : [node()] }
      },
    },
  })
  t.match(leading(await world.predict(pod())), { cause: 'PlatformPartlyServed' })
  t.same(reads, [false, true])
})

t.test(
  'a platform is denied by the nodes of now, also behind a Secret that was just mended',
  async (t) => {
    const arm64 = node({ name: 'n2', architecture: 'arm64' })
    const world = await createWorld({
      answer: ({ username }) =>
        username === 'good' ? index('linux/arm64') : unauthorized('rejected', true),
      facts: {
        secret: async (namespace, name, { fresh, signal }) => {
          const secret = secretObject(name, {
            'registry.acme.test': login(fresh ? 'good' : 'bad'),
          })
          const store = createObjectStore(readKubernetesObjects(secret))
          const facts = objectStoreFacts(store, {
            complete: true,
            mayNameNamespaces: false,
          })
          return facts.secret(namespace, name, { fresh, signal })
        },
        nodes: async ({ fresh }) => ({
          status: 'known',
          value: fresh ? [node(), arm64] : [node()],
        }),
      },
    })
    t.match(leading(await world.predict(pod({ secrets: ['acme-pull'] }))), {
      cause: 'PlatformPartlyServed',
      certainty: 'uncertain',
    })
  },
)

t.test('another host of the nodes may have another index', async (t) => {
  const doubts = ['Another host of the nodes, mirror.test, gave no lasting answer.']
  const world = await createWorld({
    objects: nodes({}),
    answer: () => ({ ...index('linux/arm64'), evidence: { doubts } }),
  })
  t.match(leading(await world.predict(pod())), {
    cause: 'PlatformMismatch',
    certainty: 'uncertain',
    doubts,
  })
})

t.test('what is left of an index may serve nodes behind taints', async (t) => {
  const taints = [{ key: 'nvidia.com/gpu', value: '', effect: 'NoSchedule' }]
  const gone = `sha256:${'e'.repeat(64)}`
  const whole = index('linux/amd64', 'linux/arm64')
  if (whole.outcome !== 'found') throw new TypeError('an index is found')
  const [first, ...others] = whole.platforms ?? []
  if (first === undefined) throw new TypeError('it has entries')
  const broken: BareResult = {
    ...whole,
    platforms: [{ ...first, digest: gone }, ...others],
    missingChildren: [gone],
  }
  for (const [workload, certainty] of [
    [deployment(), 'uncertain'],
    [pod(), 'certain'],
  ] as const) {
    const world = await createWorld({
      objects: nodes({}, { architecture: 'arm64', taints }),
      answer: ({ image }) => (image.endsWith(gone) ? notFound : broken),
      settings: { verifyIndexes: true },
    })
    const told = await world.predict(workload)
    t.match(leading(told), { cause: 'ManifestIncomplete', certainty })
  }
})

t.test('IfNotPresent, by where the image is', async (t) => {
  for (const [title, objects, words, certainty] of presences) {
    const options: WorldOptions = { objects, answer: () => notFound }
    const report = await createWorld({ ...options, overrides: { thorough: true } })
    const told = leading(await report.predict(pod(ifNotPresent)))
    t.equal(told?.certainty, certainty, title)
    t.match(
      certainty === 'certain' ? told?.message : told?.doubts.join(' '),
      words,
      title,
    )
    const webhook = await createWorld(options)
    const neutral = leading(await webhook.predict(pod(ifNotPresent)))
    t.equal(neutral?.certainty, certainty, title)
    t.notMatch(
      [neutral?.message, neutral?.doubts].join(' '),
      /\d of|None of|All|ran it/,
      title,
    )
  }
})

t.test('an image is listed under its short names, too', async (t) => {
  for (const [image, listed] of [
    ['nginx:1.27', 'nginx:1.27'],
    ['nginx:1.27', 'library/nginx:1.27'],
    ['docker.io/library/nginx:latest', 'nginx'],
  ] as const) {
    const world = await createWorld({
      objects: nodes({ images: [listed] }),
      answer: () => notFound,
    })
    const told = leading(await world.predict(pod({ ...ifNotPresent, images: [image] })))
    t.match(told, { certainty: 'uncertain' }, listed)
  }
})

t.test('a kubelet lists five names of an image at most', async (t) => {
  for (const [count, certainty] of [
    [4, 'certain'],
    [5, 'uncertain'],
  ] as const) {
    const names = Array.from({ length: count }, (_, at) => `r.test/other:${at}`)
    const listed = { ...nodeObject(), status: { images: [{ names }] } }
    const world = await createWorld({ objects: [listed], answer: () => notFound })
    t.match(leading(await world.predict(pod(ifNotPresent))), { certainty }, `${count}`)
  }
})

t.test('a private image that nodes hold, before and since Kubernetes 1.35', async (t) => {
  for (const [kubelet, told] of [
    ['v1.34.2', false],
    ['v1.35.0', true],
    ['v1.36.0-rc.1', true],
    ['v2.0.0', true],
    ['', false],
  ] as const) {
    const world = await createWorld({
      objects: nodes({ images: [IMAGE], kubelet }),
      answer: () => unauthorized('no-credentials', false),
    })
    const finding = leading(await world.predict(pod(ifNotPresent)))
    t.match(finding, { certainty: 'uncertain' })
    t.equal(/Since Kubernetes 1\.35/.test(finding?.doubts.join(' ') ?? ''), told, kubelet)
  }
})

function listing(...images: string[]): NodeSettings {
  return { images: ['r.test/base:1', ...images] }
}

t.test('Never is not looked up', async (t) => {
  const never = pod({ policy: 'Never' })
  const cases: [string, object[], silent: boolean, thorough: RegExp | null][] = [
    [
      'on none',
      nodes(listing(), listing()),
      false,
      /no node that the Pod may land on lists/,
    ],
    ['on some', nodes(listing(IMAGE), listing()), true, /1 of 2 eligible nodes list/],
    ['on all', nodes(listing(IMAGE)), true, null],
    ['lists that are cut', nodes({ images: full }), true, null],
    ['a node that lists nothing', nodes(listing(), {}), true, null],
    ['no nodes', [], true, null],
  ]
  for (const [title, objects, silent, words] of cases) {
    const world = await createWorld({ objects })
    t.equal(leading(await world.predict(never)) === null, silent, title)
    t.same(world.asked, [], title)
    const report = await createWorld({ objects, overrides: { thorough: true } })
    const finding = leading(await report.predict(never))
    if (words === null) t.equal(finding, null, title)
    else
      t.match(
        finding,
        { cause: 'ImageNotPreloaded', certainty: 'uncertain', message: words },
        title,
      )
  }
})

/** A registry whose look-ups and configs are recorded. */
async function recorded(
  answer: BareResult,
  options: WorldOptions = {},
  config: Partial<ImagePlatform> = {},
) {
  const lookups: string[] = []
  const configs: string[] = []
  const world = await createWorld({
    ...options,
    overrides: {
      ...options.overrides,
      lookups: {
        async lookup({ reference, platforms = [] }: LookupRequest) {
          lookups.push([reference.pullReference, ...platforms].join(' '))
          return withEvidence(answer, reference.registry)
        },
      },
      client: {
        tags: async () => ({ outcome: 'unavailable' }) as const,
        async imagePlatform(_request, digest) {
          configs.push(digest)
          const none = { os: null, architecture: null, variant: null, osVersion: null }
          return { ...none, configMediaType: '', ...config }
        },
      },
    },
  })
  return { ...world, lookups, configs }
}

const mixed = nodes({}, { architecture: 'arm64' }, {})

t.test('what a verdict on platforms costs', async (t) => {
  const plain = await recorded(index('linux/amd64', 'linux/arm64'), { objects: mixed })
  await plain.predict(pod())
  t.same(plain.lookups, [IMAGE], 'no entry is asked for')
  for (const options of [
    { settings: { verifyIndexes: true } },
    { overrides: { thorough: true } },
  ]) {
    const world = await recorded(index('linux/amd64'), { objects: mixed, ...options })
    await world.predict(pod())
    t.same(world.lookups, [`${IMAGE} linux/amd64 linux/arm64`])
  }

  const amd64 = { os: 'linux', architecture: 'amd64' }
  const common = await recorded(found, { objects: nodes({}, {}) }, amd64)
  await common.predict(pod())
  t.same(common.configs, [], 'a cluster of linux/amd64 needs no config')
  const blind = await recorded(found, {}, amd64)
  await blind.predict(pod())
  t.same(blind.configs, [], 'nor does one that is not seen')
  const differs = await recorded(found, { objects: mixed }, amd64)
  const told = await differs.predict(pod())
  t.equal(differs.configs.length, 1)
  t.match(leading(told), {
    cause: 'WrongArchitecture',
    certainty: 'uncertain',
    message:
      /^1 of 3 eligible nodes are linux\/arm64; .* is linux\/amd64 only: there it is pulled/,
    advice: /nodeSelector kubernetes.io\/arch: amd64$/,
  })
  const pinned = await recorded(found, { objects: mixed }, amd64)
  const selector = { nodeSelector: { 'kubernetes.io/arch': 'amd64' } }
  t.same((await pinned.predict(pod({ spec: selector })))[0]?.findings, [])
  t.same(pinned.configs, [], 'pinned to the common case')
  t.same(
    [...textsOf(told)].filter((text) => !isFitToShow(text)),
    [],
  )
})

t.test('the registry does not wait for the list of Nodes', async (t) => {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const world = await createWorld({
    answer() {
      resolve()
      return index('linux/arm64')
    },
    facts: {
      async nodes() {
        await asked
        return { status: 'known', value: [node()] }
      },
    },
  })
  t.match(leading(await world.predict(pod())), { cause: 'PlatformMismatch' })
})

t.test('a source of nodes that fails is a fault of ours, told once', async (t) => {
  const world = await createWorld({
    facts: { nodes: () => Promise.reject(new TypeError('broken')) },
  })
  t.match(leading(await world.predict(pod())), { cause: 'Unverified' })
  t.equal(world.faults.length, 1)
})

t.test('signs of an autoscaler are only asked for before a denial', async (t) => {
  const cases: [BareResult, asked: number][] = [
    [index('linux/amd64'), 0],
    [index('linux/amd64', 'linux/arm64'), 0],
    [index('linux/s390x'), 1],
    [notFound, 0],
  ]
  for (const [answer, expected] of cases) {
    let asked = 0
    const world = await createWorld({
      objects: mixed,
      answer: () => answer,
      facts: {
        async autoscalerSigns() {
          asked += 1
          return { status: 'known', value: ['karpenter'] }
        },
      },
    })
    const told = leading(await world.predict(pod()))
    t.equal(asked, expected)
    if (expected > 0)
      t.match(told, { certainty: 'uncertain', doubts: [/Karpenter is installed/] })
  }
})

t.test('folders of manifests show an autoscaler, too', async (t) => {
  const pool = {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: 'default' },
  }
  const status = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cluster-autoscaler-status', namespace: 'kube-system' },
  }
  for (const [objects, expected] of [
    [[], []],
    [[pool], ['karpenter']],
    [
      [pool, status],
      ['karpenter', 'cluster-autoscaler'],
    ],
  ] as const) {
    const store = createObjectStore(
      objects.flatMap((each) => readKubernetesObjects(each)),
    )
    const facts = objectStoreFacts(store, { complete: true, mayNameNamespaces: false })
    const read = { fresh: false, signal: new AbortController().signal }
    t.same(await facts.autoscalerSigns?.(read), { status: 'known', value: expected })
  }
})

function known(...value: AutoscalerSign[]) {
  return { status: 'known', value }
}

t.test(
  'a live cluster shows an autoscaler by its API groups and one ConfigMap',
  async (t) => {
    const karpenter: ApiAnswer = {
      status: 'ok',
      object: { groups: [{ name: 'apps' }, { name: 'karpenter.sh' }] },
    }
    const plain: ApiAnswer = { status: 'ok', object: { groups: [{ name: 'apps' }] } }
    const status: ApiAnswer = { status: 'ok', object: { kind: 'ConfigMap' } }
    const gone: ApiAnswer = { status: 'not-found' }
    const forbidden: ApiAnswer = { status: 'failed', reason: 'forbidden' }
    const cases: [groups: ApiAnswer, configMap: ApiAnswer, expected: object][] = [
      [plain, gone, known()],
      [karpenter, gone, known('karpenter')],
      [karpenter, forbidden, known('karpenter')],
      [plain, status, known('cluster-autoscaler')],
      [karpenter, status, known('karpenter', 'cluster-autoscaler')],
      [
        plain,
        forbidden,
        { status: 'unknown', reason: /cluster-autoscaler-status .* forbidden/ },
      ],
      [forbidden, gone, { status: 'unknown', reason: /API groups/ }],
      [gone, gone, { status: 'unknown', reason: /API groups/ }],
    ]
    for (const [groups, configMap, expected] of cases) {
      const get = async ({ path }: { path: string }): Promise<ApiAnswer> =>
        path === '/apis' ? groups : configMap
      t.match(await autoscalerSigns({ get }), expected)
    }
  },
)

t.test('a thorough prediction tells what it was made for', async (t) => {
  const objects = nodes({ images: [IMAGE] }, { architecture: 'arm64' }, {})
  const options: WorldOptions = {
    objects,
    answer: () => index('linux/amd64', 'linux/arm/v7'),
  }
  const report = await createWorld({ ...options, overrides: { thorough: true } })
  t.match(await report.predict(pod()), [
    {
      nodes: {
        total: 3,
        eligible: 3,
        platforms: [
          { platform: 'linux/amd64', nodes: 2 },
          { platform: 'linux/arm64', nodes: 1 },
        ],
        withImage: 1,
      },
      platforms: ['linux/amd64', 'linux/arm/v7'],
    },
  ])
  const workload = pod()
  const decision = decide({
    predictions: await report.predict(workload),
    workload,
    mode: 'enforce',
    settings: { actions: {}, controllerPods: 'warn' },
    ceilings: [],
  })
  const images = decision.images.map((image) => ({
    decision: image,
    position: null,
    known: [],
  }))
  const { object } = workload
  const written: unknown = JSON.parse(
    joined(jsonReport({ objects: [{ object, images, exempted: null }], problems: [] })),
  )
  t.match(written, {
    results: [
      { images: [{ nodes: { eligible: 3, withImage: 1 }, platforms: { length: 2 } }] },
    ],
  })
  const webhook = await createWorld(options)
  t.notOk('nodes' in ((await webhook.predict(pod()))[0] ?? {}))
})

/** Counts how often labels of nodes are read. */
function counting(count: number): {
  nodes: ReturnType<typeof node>[]
  reads: () => number
} {
  let reads = 0
  const many = Array.from({ length: count }, (_, at) => {
    const { labels, ...rest } = node({
      name: `n${at}`,
      architecture: at % 3 === 0 ? 'arm64' : 'amd64',
    })
    return Object.defineProperty(rest, 'labels', {
      enumerable: true,
      get() {
        reads += 1
        return labels
      },
    }) as ReturnType<typeof node>
  })
  return { nodes: many, reads: () => reads }
}

t.test('5,000 nodes are looked through once for an object', async (t) => {
  const { nodes: many, reads } = counting(5_000)
  let listed = 0
  const world = await createWorld({
    answer: () => index('linux/amd64'),
    facts: {
      async nodes() {
        listed += 1
        return { status: 'known', value: many }
      },
    },
  })
  const images = Array.from(
    { length: 20 },
    (_, at) => `registry.acme.test/team/app${at}:1`,
  )
  const spec = { nodeSelector: { pool: 'web', size: '8' } }
  const told = await world.predict(deployment({ images, spec }))
  t.equal(listed, 1)
  t.match(leading(told)?.message, /1667 of 5000 eligible nodes are linux\/arm64/)
  t.equal(told.length, 20)
  // Two reads for each label of the selector, once for eligibility and at most once for taints.
  t.ok(reads() <= 5_000 * 10, `${reads()} reads`)
})

t.test('credentials of pools', async (t) => {
  const auths = {
    'registry.acme.test': { auth: Buffer.from('gpu:x').toString('base64') },
  }
  const files = t.testdir({
    'gpu.json': JSON.stringify({ auths }),
    'none.json': JSON.stringify({ auths: {} }),
  })
  const pool = (name: string, file: string, complete = false) => ({
    nodeSelector: { pool: name },
    dockerConfigFile: `${files}/${file}`,
    complete,
    credentialProviderConfig: null,
    credentialProviderBinDir: null,
  })
  const every = {
    dockerConfigFile: null,
    complete: false,
    credentialProviderConfig: null,
    credentialProviderBinDir: null,
    learn: true,
  }
  const gpu: NodeSettings = { labels: { pool: 'gpu' } }
  const web: NodeSettings = { labels: { pool: 'web' } }
  const gpuOnly = pod({ spec: { nodeSelector: { pool: 'gpu' } } })
  const webOnly = pod({ spec: { nodeSelector: { pool: 'web' } } })
  const cases: [
    title: string,
    pools: ReturnType<typeof pool>[],
    objects: object[],
    workload: Workload,
    expected: string | null,
    users: (string | null)[],
  ][] = [
    [
      'every node is of the pool',
      [pool('gpu', 'gpu.json')],
      nodes(gpu, gpu),
      pod(),
      null,
      ['gpu'],
    ],
    [
      'the Pod is bound to the pool',
      [pool('gpu', 'gpu.json')],
      nodes(gpu, web),
      gpuOnly,
      null,
      ['gpu'],
    ],
    [
      'some nodes are of the pool',
      [pool('gpu', 'gpu.json')],
      nodes(gpu, web),
      pod(),
      'uncertain',
      [null],
    ],
    [
      'no node is',
      [pool('gpu', 'gpu.json')],
      nodes(gpu, web),
      webOnly,
      'certain',
      [null],
    ],
    [
      'a template may be given tolerations for the pool',
      [pool('gpu', 'gpu.json')],
      nodes({ ...gpu, taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }] }, web),
      deployment(),
      'uncertain',
      [null],
    ],
    [
      'no node of the pool is there yet',
      [pool('gpu', 'gpu.json')],
      nodes(web),
      gpuOnly,
      'uncertain',
      [null],
    ],
    [
      'the nodes are not known',
      [pool('gpu', 'gpu.json')],
      [],
      pod(),
      'uncertain',
      [null],
    ],
    [
      'the pool has nothing for the image',
      [pool('gpu', 'none.json')],
      nodes(gpu, web),
      pod(),
      'certain',
      [null],
    ],
    [
      'both pools are told in full',
      [pool('gpu', 'none.json', true), pool('web', 'none.json', true)],
      nodes(gpu, web),
      pod(),
      'certain',
      [null],
    ],
  ]
  for (const [title, pools, objects, workload, expected, users] of cases) {
    const world = await createWorld({
      objects,
      answer: opensFor('gpu'),
      settings: { nodeCredentials: { ...every, pools } },
    })
    const finding = leading(await world.predict(workload))
    t.equal(finding?.certainty ?? null, expected, title)
    t.same(
      world.asked.map(({ username }) => username),
      users,
      title,
    )
    if (title.startsWith('some'))
      t.match(
        finding?.message,
        /^Some of the nodes that the Pod may land on \(pool=gpu\)/,
      )
    t.same(world.faults, [])
  }
})
