import { readFileSync } from 'node:fs'
import t from 'tap'
import type { NodeFacts, PodFacts } from '../../src/prediction/cluster-facts.ts'
import { eligibleNodes } from '../../src/prediction/eligible-nodes.ts'
import { explainInvalidName } from '../../src/prediction/explain-name.ts'
import { createNodeCredentialLearner } from '../../src/prediction/learn-node-credentials.ts'
import {
  explainPlatforms,
  platformsOfNodes,
} from '../../src/prediction/platform-verdict.ts'
import { viewRuntimes } from '../../src/prediction/runtimes.ts'
import { suggestTags } from '../../src/prediction/suggest-tags.ts'
import { InvalidImageName } from '../../src/reference/invalid-image-name.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import type { FoundManifest, PlatformEntry } from '../../src/registry/lookup.ts'
import type { Placement, Toleration } from '../../src/workload/workload.ts'
import {
  evidence,
  found,
  isFitToShow,
  notFound,
  unauthorized,
  withEvidence,
} from './world.ts'
import type { BareResult } from './world.ts'

const anywhere: Placement = {
  nodeName: null,
  nodeSelector: {},
  requiredNodeAffinity: null,
  tolerations: [],
  os: null,
  everyNode: false,
}

function node(changes: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name: 'n1',
    os: 'linux',
    architecture: 'amd64',
    labels: { pool: 'web', size: '8' },
    taints: [],
    unschedulable: false,
    ready: true,
    containerRuntimeVersion: 'containerd://2.1.4',
    kubeletVersion: 'v1.34.1',
    osImage: '',
    kernelVersion: '',
    images: [],
    ...changes,
  }
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
const windows = node({ name: 'n3', os: 'windows' })
const pooled = node({ labels: { 'karpenter.sh/nodepool': 'default' } })

const indexes: [title: string, FoundManifest, NodeFacts[], string | null][] = [
  ['served', index('linux/amd64', 'linux/arm64'), [amd64, arm64], null],
  ['no node is served', index('linux/arm64'), [amd64], 'PlatformMismatch certain'],
  ['windows only', index('windows/amd64'), [amd64], 'PlatformMismatch certain'],
  [
    'some nodes are not served',
    index('linux/amd64'),
    [amd64, arm64],
    'PlatformPartlyServed uncertain',
  ],
  [
    'a mixed cluster',
    index('linux/amd64'),
    [amd64, windows],
    'PlatformPartlyServed uncertain',
  ],
  [
    '386 on amd64 depends on the version',
    index('linux/386'),
    [amd64],
    'PlatformPartlyServed uncertain',
  ],
  ['arm on arm64 too', index('linux/arm/v7'), [arm64], 'PlatformPartlyServed uncertain'],
  ['arm64/v8 is arm64', index('linux/arm64/v8'), [arm64], null],
  [
    'amd64/v3 is not what nodes say',
    index('linux/amd64/v3'),
    [amd64],
    'PlatformMismatch certain',
  ],
  ['an entry without a platform may serve', index('', 'linux/arm64'), [amd64], null],
  [
    'an autoscaler may bring others',
    index('linux/arm64'),
    [pooled],
    'PlatformMismatch uncertain',
  ],
  ['nodes are not known', index('linux/arm64'), [], null],
  ['an index with nothing to run', index(), [], 'PlatformMismatch certain'],
]

t.test('what an index means for the nodes', (t) => {
  for (const [title, image, nodes, expected] of indexes) {
    const finding = explainPlatforms('team/api:1', image, platformsOfNodes(nodes))
    const told = finding === null ? null : `${finding.cause} ${finding.certainty}`
    t.equal(told, expected, title)
    if (finding) t.ok(isFitToShow(`${finding.message}${finding.advice ?? ''}`), title)
  }
  const single: FoundManifest = { ...index(), kind: 'image', platforms: null }
  t.equal(explainPlatforms('x', single, platformsOfNodes([amd64])), null)
  t.end()
})

function runtimes(...versions: string[]): NodeFacts[] {
  return versions.map((containerRuntimeVersion) => node({ containerRuntimeVersion }))
}

t.test('which runtimes the nodes have', (t) => {
  const cases: [NodeFacts[], boolean, RegExp | null][] = [
    [runtimes('containerd://2.1.0', 'containerd://2.10.1'), true, null],
    [runtimes('containerd://v2.3.4'), true, null],
    [runtimes('containerd://2.1.0', 'containerd://2.0.9'), false, null],
    [runtimes('containerd://1.7.34'), false, null],
    [runtimes('containerd://2.1.0', 'cri-o://1.33.0'), false, /1 of 2 .* cri-o/],
    [runtimes('docker://24.0.1'), false, /docker/],
    [runtimes(''), false, null],
    [[], false, null],
  ]
  for (const [nodes, allContainerd21, foreign] of cases) {
    const view = viewRuntimes('auto', nodes)
    t.equal(view.allContainerd21, allContainerd21)
    if (foreign === null) t.equal(view.foreign, null)
    else t.match(view.foreign, foreign)
  }
  const told = viewRuntimes('containerd-1.7', runtimes('cri-o://1.33.0'))
  t.same(told, { foreign: null, allContainerd21: false })
  t.end()
})

/** A learner over Pods that run, with the answers of their registry by repository. */
function learner(options: {
  pods: PodFacts[]
  answer: (repository: string) => BareResult
  matches?: (pod: PodFacts) => boolean | null
  preloadedImages?: string[]
}) {
  const clock = { nowMs: 1_000 }
  const asked: string[] = []
  const learned: string[] = []
  const nodes = createNodeCredentialLearner({
    facts: {
      ...unused,
      podsUsingRegistry: async () => ({ status: 'known', value: options.pods }),
    },
    lookups: {
      async lookup({ reference }) {
        asked.push(reference.repository)
        return withEvidence(options.answer(reference.repository), reference.registry)
      },
    },
    now: () => clock.nowMs,
    preloadedImages: options.preloadedImages ?? [],
    secretMatches: async (pod) => (options.matches ? options.matches(pod) : false),
    onLearned: (registry) => learned.push(registry),
  })
  const look = async () =>
    (await nodes.evidenceFor('r.test', new AbortController().signal)).kind
  return { look, clock, asked, learned }
}

const never = async (): Promise<never> => {
  throw new TypeError('not asked in this test')
}
const unused = {
  secret: never,
  serviceAccount: never,
  namespace: never,
  nodes: never,
  podMutators: never,
  namespacesWithSecret: never,
}

function running(image: string, changes: Partial<PodFacts> = {}): PodFacts {
  return {
    namespace: 'team-b',
    name: 'run',
    pullSecrets: [],
    nodeName: 'n1',
    containers: [{ image, imageID: 'id', pullPolicy: 'IfNotPresent' }],
    ...changes,
  }
}

const refused = unauthorized('no-credentials', false)

t.test('what running Pods show of credentials of the nodes', async (t) => {
  const withSecret = running('r.test/a:1', { pullSecrets: ['theirs'] })
  const waiting = running('r.test/a:1', {
    containers: [{ image: 'r.test/a:1', imageID: '', pullPolicy: 'Always' }],
  })
  const loaded = running('r.test/a:1', {
    containers: [{ image: 'r.test/a:1', imageID: 'id', pullPolicy: 'Never' }],
  })
  const cases: [title: string, Parameters<typeof learner>[0], string][] = [
    ['no Pods', { pods: [], answer: () => refused }, 'none'],
    [
      'a private image',
      { pods: [running('r.test/a:1')], answer: () => refused },
      'learned',
    ],
    [
      'a private image, by 403',
      { pods: [running('r.test/a:1')], answer: () => ({ outcome: 'forbidden' }) },
      'learned',
    ],
    ['a public image', { pods: [running('r.test/a:1')], answer: () => found }, 'none'],
    [
      'a tag that is gone',
      { pods: [running('r.test/a:1')], answer: () => notFound },
      'none',
    ],
    ['an image that waits', { pods: [waiting], answer: () => refused }, 'none'],
    ['an image that is never pulled', { pods: [loaded], answer: () => refused }, 'none'],
    [
      'another registry',
      { pods: [running('q.test/a:1')], answer: () => refused },
      'none',
    ],
    [
      'a preloaded image',
      {
        pods: [running('r.test/a:1')],
        answer: () => refused,
        preloadedImages: ['r.test/*'],
      },
      'none',
    ],
    [
      'a secret that opens it',
      { pods: [withSecret], answer: () => refused, matches: () => true },
      'none',
    ],
    [
      'a secret that cannot be read',
      { pods: [withSecret], answer: () => refused, matches: () => null },
      'not-looked-for',
    ],
    [
      'a registry that does not answer',
      {
        pods: [running('r.test/a:1')],
        answer: () => ({ outcome: 'unexpected-status', evidence: { status: 503 } }),
      },
      'not-looked-for',
    ],
  ]
  for (const [title, options, expected] of cases) {
    const { look, learned } = learner(options)
    t.equal(await look(), expected, title)
    t.same(learned, expected === 'learned' ? ['r.test'] : [], title)
  }
})

t.test('nothing is concluded before every image was looked at', async (t) => {
  const pods = Array.from({ length: 20 }, (_, each) => running(`r.test/app${each}:1`))
  const { look, asked, clock } = learner({
    pods,
    answer: (repository) => (repository === 'app19' ? refused : found),
  })
  t.equal(await look(), 'not-looked-for')
  t.equal(asked.length, 8)
  t.equal(await look(), 'not-looked-for')
  t.equal(await look(), 'learned', 'the last one shows it')
  t.equal(new Set(asked).size, 20, 'none was asked for twice')
  t.equal(await look(), 'learned')
  t.equal(asked.length, 20, 'and it is remembered')
  clock.nowMs += 300_001
  t.equal(await look(), 'learned')
  t.equal(asked.length, 21, 'for five minutes')
})

t.test('the tag that was meant', (t) => {
  const nginx = ['1.27.7', '1.27', '1.26', '1.26.3', '1.25', 'latest', 'alpine', 'v9']
  t.same(new Set(suggestTags('1.277', nginx).slice(0, 2)), new Set(['1.27.7', '1.27']))
  t.equal(suggestTags('v1.27.7', nginx)[0], '1.27.7', 'a prefix too many')
  t.equal(suggestTags('1.0.0', ['v1.0.0', '1.0.1'])[0], 'v1.0.0', 'a prefix too few')
  t.equal(suggestTags('Alpine', nginx)[0], 'alpine', 'case')
  t.equal(suggestTags('alpnie', nginx)[0], 'alpine', 'a swap')
  t.ok(suggestTags('1.27.9', nginx).includes('1.27.7'), 'a neighbour')
  t.same(suggestTags('zzz', nginx), [], 'nothing near')
  t.same(suggestTags('1.0', []), [])

  const many = Array.from({ length: 20_000 }, (_, each) => `build-${each}`)
  const hostile = [
    '-'.repeat(5_000),
    '1.'.repeat(2_000),
    '\u0000',
    '9'.repeat(128),
    '1.2.3.4.5',
  ]
  for (const wanted of ['1.277', 'build-1999x', '9'.repeat(128), 'a-b.c_d'.repeat(18)]) {
    const suggestions = suggestTags(wanted, [...many, ...hostile])
    t.ok(suggestions.length <= 3)
  }
  t.end()
})

t.test('every invalid name of the vectors is explained on one line', (t) => {
  const vectors: { input: string; valid: boolean }[] = JSON.parse(
    readFileSync(new URL('../vectors/references.json', import.meta.url), 'utf8'),
  ) as { input: string; valid: boolean }[]
  const invalid = vectors.filter(({ valid }) => !valid)
  t.ok(invalid.length > 20)
  for (const { input } of invalid) {
    const finding = explainInvalidName(new InvalidImageName(input, errorOf(input)), input)
    t.match(finding, { cause: 'InvalidImageName', certainty: 'certain', doubts: [] })
    t.ok(isFitToShow(`${finding.message}${finding.advice ?? ''}`), finding.message)
    const suggestion = /^Did you mean "(.*)"\?$/.exec(finding.advice ?? '')?.[1]
    if (suggestion !== undefined) t.doesNotThrow(() => parseReference(suggestion))
  }
  t.end()
})

function errorOf(input: string): string {
  try {
    parseReference(input)
    return 'it is valid'
  } catch (error) {
    return error instanceof InvalidImageName ? error.message : 'another error'
  }
}
