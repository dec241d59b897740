import t from 'tap'
import type { AutoscalerSign, NodeFacts } from '../../src/prediction/cluster-facts.ts'
import { eligibleNodes } from '../../src/prediction/nodes/eligible-nodes.ts'
import { explainNoNode } from '../../src/prediction/explain/explain-no-node.ts'
import type { Finding } from '../../src/prediction/finding.ts'
import { explainPlatforms } from '../../src/prediction/nodes/platform-verdict.ts'
import type { ReadConfig } from '../../src/prediction/nodes/platform-verdict.ts'
import {
  platformsOfList,
  platformsOfNodes,
} from '../../src/prediction/nodes/wanted-platforms.ts'
import type { WantedPlatforms } from '../../src/prediction/nodes/wanted-platforms.ts'
import type { ImagePlatform } from '../../src/registry/image-platform.ts'
import type { FoundManifest, PlatformEntry } from '../../src/registry/lookup.ts'
import type { Placement, Toleration } from '../../src/workload/workload.ts'
import { node } from './a-node.ts'
import { evidence, isFitToShow } from './world.ts'

const anywhere: Placement = {
  nodeName: null,
  nodeSelector: {},
  requiredNodeAffinity: null,
  tolerations: [],
  os: null,
  everyNode: false,
}

function requiring(
  key: string,
  operator: string,
  values: string[],
  field: 'matchExpressions' | 'matchFields' = 'matchExpressions',
): Placement {
  const none = { matchExpressions: [], matchFields: [] }
  return {
    ...anywhere,
    requiredNodeAffinity: [{ ...none, [field]: [{ key, operator, values }] }],
  }
}

function tolerating(toleration: Partial<Toleration>): Placement {
  const base: Toleration = { key: '', operator: 'Equal', value: '', effect: '' }
  return { ...anywhere, tolerations: [{ ...base, ...toleration }] }
}

const gpu = node({ taints: [{ key: 'gpu', value: 'a100', effect: 'NoSchedule' }] })
const noTerm = { matchExpressions: [], matchFields: [] }

const placements: [title: string, Placement, NodeFacts, boolean][] = [
  ['anywhere', anywhere, node(), true],
  [
    'a cordon and readiness pass by',
    anywhere,
    node({ unschedulable: true, ready: false }),
    true,
  ],
  ['nodeName', { ...anywhere, nodeName: 'n1' }, node(), true],
  ['another nodeName', { ...anywhere, nodeName: 'n2' }, node(), false],
  ['nodeName knows no taints', { ...anywhere, nodeName: 'n1' }, gpu, true],
  ['nodeSelector', { ...anywhere, nodeSelector: { pool: 'web' } }, node(), true],
  [
    'nodeSelector, another value',
    { ...anywhere, nodeSelector: { pool: 'db' } },
    node(),
    false,
  ],
  [
    'nodeSelector, no such label',
    { ...anywhere, nodeSelector: { zone: 'a' } },
    node(),
    false,
  ],
  [
    'the well-known labels stand for themselves',
    {
      ...anywhere,
      nodeSelector: { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' },
    },
    node(),
    true,
  ],
  ['os', { ...anywhere, os: 'windows' }, node(), false],
  ['an os that no one tells', { ...anywhere, os: 'windows' }, node({ os: '' }), true],
  ['In', requiring('pool', 'In', ['db', 'web']), node(), true],
  ['In, none of them', requiring('pool', 'In', ['db']), node(), false],
  ['NotIn', requiring('pool', 'NotIn', ['db']), node(), true],
  ['NotIn, one of them', requiring('pool', 'NotIn', ['web']), node(), false],
  ['NotIn without the label', requiring('zone', 'NotIn', ['a']), node(), true],
  ['Exists', requiring('pool', 'Exists', []), node(), true],
  ['Exists without the label', requiring('zone', 'Exists', []), node(), false],
  ['DoesNotExist', requiring('zone', 'DoesNotExist', []), node(), true],
  ['DoesNotExist with the label', requiring('pool', 'DoesNotExist', []), node(), false],
  ['Gt', requiring('size', 'Gt', ['7']), node(), true],
  ['Gt, equal', requiring('size', 'Gt', ['8']), node(), false],
  ['Gt, with a sign', requiring('size', 'Gt', ['+7']), node(), true],
  ['Lt', requiring('size', 'Lt', ['9']), node(), true],
  ['Lt, no number', requiring('pool', 'Lt', ['9']), node(), false],
  ['an operator of tomorrow matches', requiring('pool', 'Near', ['x']), node(), true],
  ['a field', requiring('metadata.name', 'In', ['n1'], 'matchFields'), node(), true],
  [
    'another field',
    requiring('metadata.name', 'In', ['n2'], 'matchFields'),
    node(),
    false,
  ],
  [
    'an empty term matches nothing',
    { ...anywhere, requiredNodeAffinity: [noTerm] },
    node(),
    false,
  ],
  [
    'terms are alternatives',
    {
      ...anywhere,
      requiredNodeAffinity: [
        noTerm,
        ...(requiring('pool', 'Exists', []).requiredNodeAffinity ?? []),
      ],
    },
    node(),
    true,
  ],
  ['a taint', anywhere, gpu, false],
  [
    'a taint that only prefers',
    anywhere,
    node({ taints: [{ key: 'gpu', value: '', effect: 'PreferNoSchedule' }] }),
    true,
  ],
  [
    'a condition of the node',
    anywhere,
    node({
      taints: [{ key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoExecute' }],
    }),
    true,
  ],
  [
    'a taint that only looks like a condition',
    anywhere,
    node({
      taints: [{ key: 'node.kubernetes.io/os', value: 'windows', effect: 'NoSchedule' }],
    }),
    false,
  ],
  [
    'a DaemonSet passes conditions, and no other taint',
    { ...anywhere, everyNode: true },
    node({
      unschedulable: true,
      taints: [
        { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/disk-pressure', value: '', effect: 'NoSchedule' },
      ],
    }),
    true,
  ],
  ['a DaemonSet and a taint', { ...anywhere, everyNode: true }, gpu, false],
  [
    'the control plane',
    anywhere,
    node({
      taints: [
        { key: 'node-role.kubernetes.io/control-plane', value: '', effect: 'NoSchedule' },
      ],
    }),
    false,
  ],
  [
    'a field of tomorrow matches',
    requiring('spec.rack', 'In', ['7'], 'matchFields'),
    node(),
    true,
  ],
  [
    'an architecture that no one tells may be any',
    requiring('kubernetes.io/arch', 'In', ['arm64']),
    node({ architecture: '' }),
    true,
  ],
  [
    'a label without a value is there',
    requiring('node-role.kubernetes.io/edge', 'DoesNotExist', []),
    node({ labels: { 'node-role.kubernetes.io/edge': '' } }),
    false,
  ],
  [
    '... and is nothing but empty',
    { ...anywhere, nodeSelector: { pool: 'web' } },
    node({ labels: { pool: '' } }),
    false,
  ],
  [
    'a label beats what the node tells',
    { ...anywhere, nodeSelector: { 'kubernetes.io/arch': 'arm64' } },
    node({ labels: { 'kubernetes.io/arch': 'arm64' } }),
    true,
  ],
  ['a label named constructor', requiring('constructor', 'Exists', []), node(), false],
  ['tolerated by value', tolerating({ key: 'gpu', value: 'a100' }), gpu, true],
  ['another value', tolerating({ key: 'gpu', value: 'h100' }), gpu, false],
  ['tolerated by key', tolerating({ key: 'gpu', operator: 'Exists' }), gpu, true],
  [
    'another effect',
    tolerating({ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }),
    gpu,
    false,
  ],
  ['everything tolerated', tolerating({ operator: 'Exists' }), gpu, true],
  ['no key and no Exists', tolerating({}), gpu, false],
]

t.test('where a Pod may land', (t) => {
  for (const [title, placement, candidate, expected] of placements) {
    t.equal(eligibleNodes(placement, [candidate]).length === 1, expected, title)
  }
  t.end()
})

function index(...platforms: string[]): FoundManifest {
  const entries = platforms.map((platform): PlatformEntry => {
    const [os = null, architecture = null, variant = null] =
      platform === '' ? [] : platform.split('/')
    return {
      digest: `sha256:${'1'.repeat(64)}`,
      mediaType: '',
      os,
      architecture,
      variant,
      osVersion: null,
      osFeatures: [],
    }
  })
  return {
    outcome: 'found',
    digest: `sha256:${'2'.repeat(64)}`,
    mediaType: '',
    sizeBytes: null,
    kind: 'index',
    platforms: entries,
    missingChildren: [],
    evidence: evidence(),
  }
}

const amd64 = node()
const arm64 = node({ name: 'n2', architecture: 'arm64' })
const windows = node({
  name: 'n3',
  os: 'windows',
  kernelVersion: '10.0.20348.2113',
})
const pooled = node({ labels: { 'karpenter.sh/nodepool': 'default' } })
const mute = node({ name: 'n4', os: '', architecture: '' })

interface Want {
  placement?: Partial<Placement>
  form?: 'pod' | 'template' | 'strings'
  signs?: AutoscalerSign[] | 'forbidden'
}

function want(nodes: readonly NodeFacts[], options: Want = {}): WantedPlatforms {
  const placement = { ...anywhere, ...options.placement }
  const { form = 'pod', signs } = options
  return platformsOfNodes({
    workload: { form, placement },
    nodes,
    eligible: eligibleNodes(placement, nodes),
    autoscalerSigns:
      signs === undefined
        ? null
        : async () =>
            signs === 'forbidden'
              ? { status: 'unknown', reason: 'the API server answered 403' }
              : { status: 'known', value: signs },
  })
}

const noConfig: ReadConfig = async () => {
  throw new TypeError('no config is needed here')
}

function config(changes: Partial<ImagePlatform> | null): ReadConfig {
  const base = { os: null, architecture: null, variant: null, osVersion: null }
  return async () =>
    changes === null ? null : { ...base, configMediaType: '', ...changes }
}

const told = (finding: Finding | null): string | null =>
  finding === null ? null : `${finding.cause} ${finding.certainty}`

const denied = 'PlatformMismatch certain'
const doubted = 'PlatformMismatch uncertain'
const warned = 'PlatformPartlyServed uncertain'

const behindGpu = node({
  name: 'gpu',
  architecture: 'arm64',
  taints: [{ key: 'nvidia.com/gpu', value: '', effect: 'NoSchedule' }],
})

const indexes: [
  title: string,
  image: FoundManifest,
  wanted: WantedPlatforms,
  expected: string | null,
  readConfig?: ReadConfig,
][] = [
  ['served', index('linux/amd64', 'linux/arm64'), want([amd64, arm64]), null],
  [
    'an attestation beside it',
    index('linux/amd64', 'unknown/unknown'),
    want([amd64]),
    null,
  ],
  ['amd64/v1 is amd64', index('linux/amd64/v1'), want([amd64]), null],
  ['x86_64 is amd64', index('linux/x86_64'), want([amd64]), null],
  ['arm64/v8 is arm64', index('linux/arm64/v8'), want([arm64]), null],
  ['aarch64 is arm64', index('linux/aarch64'), want([arm64]), null],
  ['no node is served', index('linux/arm64'), want([amd64]), denied],
  ['windows only', index('windows/amd64'), want([amd64]), denied],
  ['attestations only', index('unknown/unknown'), want([amd64]), denied],
  ['amd64/v3 is not what nodes say', index('linux/amd64/v3'), want([amd64]), denied],
  ['nothing to run, wherever', index(), want([pooled]), denied],
  ['some nodes are not served', index('linux/amd64'), want([amd64, arm64]), warned],
  ['a mixed cluster', index('linux/amd64'), want([amd64, windows]), warned],
  ['386 on amd64 depends on the version', index('linux/386'), want([amd64]), warned],
  ['arm on arm64 too', index('linux/arm/v7'), want([arm64]), warned],
  ['an index that was not read', { ...index(), platforms: null }, want([amd64]), null],
  [
    'a single manifest',
    { ...index(), kind: 'image', platforms: null },
    want([amd64]),
    null,
  ],
  ['nodes are not known', index('linux/arm64'), want([]), null],
  [
    'no node is eligible',
    index('linux/arm64'),
    want([amd64], { placement: { os: 'windows' } }),
    null,
  ],

  [
    'a child without a platform, with the config of the node',
    index('', 'linux/arm64'),
    want([amd64]),
    null,
    config({ os: 'linux', architecture: 'amd64' }),
  ],
  [
    '... with another config',
    index(''),
    want([amd64]),
    denied,
    config({ os: 'linux', architecture: 'arm64' }),
  ],
  [
    '... with another config, and nodes of both',
    index(''),
    want([amd64, arm64]),
    warned,
    config({ os: 'linux', architecture: 'arm64' }),
  ],
  [
    '... whose config cannot be had',
    index('', 'linux/arm64'),
    want([amd64]),
    null,
    config(null),
  ],
  ['... whose config tells nothing', index(''), want([amd64]), null, config({})],
  [
    '... whose config tells half',
    index(''),
    want([amd64]),
    null,
    config({ os: 'windows', architecture: null }),
  ],
  ['... five of them are not read', index('', '', '', '', ''), want([amd64]), null],
  [
    '... is not read where another entry serves',
    index('', 'linux/amd64'),
    want([amd64]),
    null,
  ],

  ['a label of a pool', index('linux/arm64'), want([pooled]), doubted],
  [
    'a label of a pool on another node',
    index('linux/arm64'),
    want([amd64, node({ ...pooled, taints: gpu.taints })]),
    doubted,
  ],
  [
    'a taint of an autoscaler',
    index('linux/arm64'),
    want([
      node({
        taints: [
          { key: 'ToBeDeletedByClusterAutoscaler', value: '1', effect: 'NoSchedule' },
        ],
      }),
    ]),
    doubted,
  ],
  [
    'a machine of a provider',
    index('linux/arm64'),
    want([node({ providerID: 'aws:///eu-west-1a/i-0' })]),
    doubted,
  ],
  ...['kind://docker/kind/n1', 'k3s://n1', 'n1'].map(
    (providerID): (typeof indexes)[number] => [
      `one's own machine, ${providerID}`,
      index('linux/arm64'),
      want([node({ providerID })]),
      denied,
    ],
  ),
  ...[{ type: 'virtual-kubelet' }, { 'liqo.io/type': 'virtual-node' }].map(
    (labels): (typeof indexes)[number] => [
      `a node that stands for another cluster, ${Object.keys(labels).join()}`,
      index('linux/arm64'),
      want([amd64, node({ taints: gpu.taints, labels })]),
      doubted,
    ],
  ),
  ['Karpenter', index('linux/arm64'), want([amd64], { signs: ['karpenter'] }), doubted],
  [
    'a cluster autoscaler',
    index('linux/arm64'),
    want([amd64], { signs: ['cluster-autoscaler'] }),
    doubted,
  ],
  [
    'may not be looked for',
    index('linux/arm64'),
    want([amd64], { signs: 'forbidden' }),
    doubted,
  ],
  ['looked for, and none', index('linux/arm64'), want([amd64], { signs: [] }), denied],
  [
    'a Pod that names its node waits for no other',
    index('linux/arm64'),
    want([pooled], { placement: { nodeName: 'n1' } }),
    denied,
  ],
  [
    'a node that does not tell its platform',
    index('linux/arm64'),
    want([amd64, mute]),
    doubted,
  ],
  ['only such nodes', index('linux/arm64'), want([mute]), null],
  [
    'a tolerated node would serve, on a template',
    index('linux/arm64'),
    want([amd64, behindGpu], { form: 'template' }),
    doubted,
  ],
  [
    '... a Pod has its tolerations',
    index('linux/arm64'),
    want([amd64, behindGpu]),
    denied,
  ],
  [
    '... a Pod with scheduling gates may still be given some',
    index('linux/arm64'),
    want([amd64, behindGpu], { placement: { isGated: true } }),
    doubted,
  ],
  [
    '... as far as versions go',
    index('linux/386'),
    want([arm64, node({ ...behindGpu, architecture: 'amd64' })], { form: 'template' }),
    doubted,
  ],
  [
    '... of no use either',
    index('linux/s390x'),
    want([amd64, behindGpu], { form: 'template' }),
    denied,
  ],

  [
    'a list denies',
    index('linux/arm64'),
    platformsOfList(['linux/amd64'], { placement: anywhere }),
    denied,
  ],
  [
    'a list is served',
    index('linux/amd64'),
    platformsOfList(['linux/amd64'], { placement: anywhere }),
    null,
  ],
  [
    'a list is served in part',
    index('linux/amd64'),
    platformsOfList(['linux/amd64', 'linux/arm64'], { placement: anywhere }),
    warned,
  ],
  [
    'a list, and a Pod for one of them',
    index('linux/amd64'),
    platformsOfList(['linux/amd64', 'linux/arm64'], {
      placement: {
        ...anywhere,
        nodeSelector: { 'kubernetes.io/arch': 'amd64', pool: 'x' },
      },
    }),
    null,
  ],
  [
    '... for the other',
    index('linux/amd64'),
    platformsOfList(['linux/amd64', 'linux/arm64'], {
      placement: requiring('kubernetes.io/arch', 'In', ['arm64']),
    }),
    denied,
  ],
  ...['kubernetes.io/arch', 'beta.kubernetes.io/arch'].map(
    (label): (typeof indexes)[number] => [
      `... for both, by another name, by ${label}`,
      index('linux/arm64'),
      platformsOfList(['linux/amd64', 'linux/aarch64'], {
        placement: requiring(label, 'In', ['arm64', 'amd64']),
      }),
      warned,
    ],
  ),
  [
    '... for none of them',
    index('linux/amd64'),
    platformsOfList(['linux/amd64'], { placement: { ...anywhere, os: 'windows' } }),
    null,
  ],
  [
    'a variant',
    index('linux/arm/v7'),
    platformsOfList(['linux/arm/v7'], { placement: anywhere }),
    null,
  ],
  [
    'a lesser variant',
    index('linux/arm/v6'),
    platformsOfList(['linux/arm/v7'], { placement: anywhere }),
    warned,
  ],
  [
    'a greater variant',
    index('linux/arm/v7'),
    platformsOfList(['linux/arm/v6'], { placement: anywhere }),
    denied,
  ],
]

t.test('what an index means for the nodes', async (t) => {
  for (const [title, image, wanted, expected, readConfig = noConfig] of indexes) {
    const finding = await explainPlatforms('team/api:1', image, wanted, readConfig)
    t.equal(told(finding), expected, title)
    if (finding) {
      t.ok(
        isFitToShow([finding.message, finding.advice, ...finding.doubts].join(' ')),
        title,
      )
      t.equal(finding.doubts.length > 0, expected === doubted, title)
    }
  }
})

const nine = [
  ...Array.from({ length: 6 }, (_, at) => node({ name: `a${at}` })),
  ...Array.from({ length: 3 }, (_, at) =>
    node({ name: `b${at}`, architecture: 'arm64' }),
  ),
]

const sentences: [FoundManifest, WantedPlatforms, message: string, advice: string][] = [
  [
    index('linux/amd64'),
    want(nine),
    '3 of 9 eligible nodes are linux/arm64; app:1 has linux/amd64 only.',
    'Keep the Pod on nodes it can run on: nodeSelector kubernetes.io/arch: amd64',
  ],
  [
    index('linux/amd64'),
    want(nine, { placement: { everyNode: true } }),
    '3 of 9 eligible nodes are linux/arm64; app:1 has linux/amd64 only. A DaemonSet puts a Pod on each of them.',
    'Keep the Pod on nodes it can run on: nodeSelector kubernetes.io/arch: amd64',
  ],
  [
    index('linux/amd64'),
    want([amd64, windows]),
    '1 of 2 eligible nodes are windows/amd64; app:1 has linux/amd64 only.',
    'Keep the Pod on nodes it can run on: nodeSelector kubernetes.io/os: linux',
  ],
  [
    index('linux/amd64', 'linux/arm64'),
    want([...nine, node({ architecture: 's390x' })]),
    '1 of 10 eligible nodes are linux/s390x; app:1 has linux/amd64, linux/arm64 only.',
    'Keep the Pod on nodes it can run on: node affinity kubernetes.io/arch In (amd64, arm64)',
  ],
  [
    index('linux/s390x'),
    want(nine),
    'app:1 has linux/s390x, and the eligible nodes are linux/amd64 (6), linux/arm64 (3).',
    'Build and push it for linux/amd64, linux/arm64, for example: docker buildx build --platform linux/amd64,linux/arm64 --push ...',
  ],
  [
    index('linux/arm64'),
    want([amd64]),
    'app:1 has linux/arm64, and every eligible node is linux/amd64.',
    'Build and push it for linux/amd64, for example: docker buildx build --platform linux/amd64 --push ...',
  ],
]

t.test('the words of a verdict', async (t) => {
  for (const [image, wanted, message, advice] of sentences) {
    const finding = await explainPlatforms('app:1', image, wanted, noConfig)
    t.match(finding, { message, advice })
  }
  t.match(explainNoNode(want(nine, { placement: { os: 'windows' } })), {
    cause: 'NoEligibleNode',
    certainty: 'uncertain',
    message: /None of the 9 nodes/,
  })
  t.equal(explainNoNode(want(nine)), null)
  t.equal(explainNoNode(want([])), null, 'nodes that are not known are not none')
  const other = { ...anywhere, os: 'windows' }
  t.match(explainNoNode(platformsOfList(['linux/amd64'], { placement: other })), {
    message: /None of the configured platforms/,
  })
})

const build = (osVersion: string | null): FoundManifest => {
  const image = index('windows/amd64')
  return {
    ...image,
    platforms: (image.platforms ?? []).map((each) => Object.assign(each, { osVersion })),
  }
}
const older = node({ os: 'windows', name: 'w19', kernelVersion: '10.0.17763.5122' })
const newer = node({ os: 'windows', name: 'w25', kernelVersion: '10.0.26100.1' })

t.test('Windows nodes and the build that an image is for', async (t) => {
  const cases: [string, FoundManifest, NodeFacts[], RegExp | null][] = [
    ['the same build', build('10.0.20348.1'), [windows], null],
    ['no build in the index', build(null), [windows, older], null],
    ['a newer host runs 2022', build('10.0.20348.1'), [newer], null],
    ['an older host', build('10.0.20348.1'), [older], /1 of 1 .* build 10\.0\.17763/],
    [
      '2022 does not run 2019',
      build('10.0.17763.1'),
      [windows],
      /for Windows 10\.0\.17763/,
    ],
    ['some hosts', build('10.0.17763.1'), [windows, older], /1 of 2 .* 10\.0\.20348/],
    ['a host that does not tell', build('10.0.17763.1'), [node({ os: 'windows' })], null],
  ]
  for (const [title, image, nodes, expected] of cases) {
    const finding = await explainPlatforms('app:1', image, want(nodes), noConfig)
    if (expected === null) t.equal(finding, null, title)
    else t.match(finding, { certainty: 'uncertain', message: expected }, title)
  }
  const some = await explainPlatforms(
    'app:1',
    build('10.0.17763.1'),
    want([windows, older]),
    noConfig,
  )
  t.match(some?.advice, /windows-build: 10\.0\.17763/)
})

t.test('a node more that is served never makes a verdict harder', async (t) => {
  const architectures = ['amd64', 'arm64', 'arm', 's390x', '']
  const images = [
    ['linux/amd64'],
    ['linux/arm64', 'linux/386'],
    ['linux/arm/v7'],
    ['linux/s390x', ''],
  ]
  for (const platforms of images) {
    const image = index(...platforms)
    for (let mask = 0; mask < 1 << architectures.length; mask++) {
      const nodes = architectures
        .filter((_, at) => mask & (1 << at))
        .map((architecture) => node({ name: `n-${architecture}`, architecture }))
      for (const platform of platforms.filter((each) => each !== '')) {
        const architecture = platform.split('/')[1] ?? ''
        const more = [...nodes, node({ name: 'more', architecture })]
        const after = await explainPlatforms('app:1', image, want(more), config(null))
        t.not(
          told(after),
          denied,
          `${platforms.join()} on ${more.map((each) => each.architecture).join()}`,
        )
      }
    }
  }
})
