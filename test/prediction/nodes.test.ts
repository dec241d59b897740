import { readFileSync } from 'node:fs'
import t from 'tap'
import type { NodeFacts, PodFacts } from '../../src/prediction/cluster-facts.ts'
import { explainInvalidName } from '../../src/prediction/explain/explain-name.ts'
import { createNodeCredentialLearner } from '../../src/prediction/node-credentials/learn-node-credentials.ts'
import { viewRuntimes } from '../../src/prediction/nodes/runtimes.ts'
import { suggestTags } from '../../src/prediction/explain/suggest-tags.ts'
import { InvalidImageName } from '../../src/reference/invalid-image-name.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import { node } from './a-node.ts'
import { found, isFitToShow, notFound, unauthorized, withEvidence } from './world.ts'
import type { BareResult } from './world.ts'

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
