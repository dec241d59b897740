import type { Test } from 'tap'
import { eventually, passed } from '../expect.ts'
import { GOOD, WINDOWS } from '../images.ts'
import { nodeOf } from '../objects.ts'
import { mustRun } from '../release.ts'
import type { World } from '../world.ts'

const MAINFRAME = 'registry.acme.test/team/mainframe:1.0'
const SINGLE = 'registry.acme.test/team/single:1.0'

const BIG = nodeOf('big-1', 's390x')
const TAINTED = nodeOf('win-1', 'amd64', 'windows', [
  { key: 'os', value: 'windows', effect: 'NoSchedule' },
])

type Kind = 'Pod' | 'Deployment' | 'DaemonSet'

function workload(kind: Kind, image: string, spec: object): object {
  const metadata = { name: 'placed' }
  const labels = { app: 'placed' }
  const podSpec = { containers: [{ name: 'app', image }], ...spec }
  if (kind === 'Pod') return { apiVersion: 'v1', kind, metadata, spec: podSpec }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata,
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec },
    },
  }
}

const arch = (value: string) => ({ nodeSelector: { 'kubernetes.io/arch': value } })

function affinity(operator: string, value: string): object {
  const required = [{ key: 'kubernetes.io/arch', operator, values: [value] }]
  return {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: required }],
        },
      },
    },
  }
}

const onWindows = { nodeSelector: { 'kubernetes.io/os': 'windows' } }
const tolerating = { tolerations: [{ key: 'os', operator: 'Exists' }] }

/** On two nodes of linux/amd64, one of linux/s390x, and a tainted one of windows/amd64. `null`: not a word. */
const cases: [
  title: string,
  kind: Kind,
  image: string,
  spec: object,
  expected: 'denied' | RegExp | null,
][] = [
  [
    'anywhere',
    'Deployment',
    MAINFRAME,
    {},
    /2 of 3 eligible nodes are linux\/amd64; .* has linux\/s390x only/,
  ],
  ['by selector', 'Deployment', MAINFRAME, arch('s390x'), null],
  ['by another selector', 'Deployment', MAINFRAME, arch('amd64'), 'denied'],
  ['by affinity', 'Deployment', MAINFRAME, affinity('NotIn', 'amd64'), null],
  ['by another affinity', 'Deployment', MAINFRAME, affinity('In', 'amd64'), 'denied'],
  ['by name', 'Pod', MAINFRAME, { nodeName: 'big-1' }, null],
  ['by another name', 'Pod', MAINFRAME, { nodeName: 'node-1' }, 'denied'],
  [
    'on every node',
    'DaemonSet',
    GOOD,
    {},
    /1 of 3 .* linux\/s390x; .* A DaemonSet puts a Pod on each/,
  ],
  ['on every node of a kind', 'DaemonSet', GOOD, arch('amd64'), null],
  ['on a tainted node', 'Deployment', WINDOWS, { ...onWindows, ...tolerating }, null],
  ['not tolerated', 'Pod', WINDOWS, {}, 'denied'],
  [
    'not tolerated yet',
    'Deployment',
    WINDOWS,
    {},
    /\[PlatformMismatch\].* has windows\/amd64, and the eligible nodes are/,
  ],
  [
    'on no node',
    'Deployment',
    WINDOWS,
    onWindows,
    /\[NoEligibleNode\]: None of the 4 nodes/,
  ],
  [
    'one manifest for other nodes',
    'Deployment',
    SINGLE,
    arch('s390x'),
    /\[WrongArchitecture\].*exec format error/,
  ],
]

export function placing(t: Test, world: World): void {
  t.test('platforms are those of the nodes a Pod may land on', async (t) => {
    const namespace = await world.namespace('placing')
    const dryRun = ['--dry-run=server']
    await mustRun(world.plane, ['create', '-f', '-'], [BIG, TAINTED])
    // Pullgate hears of them by its watch.
    await eventually(
      t,
      () =>
        world.apply(
          namespace,
          [workload('Pod', WINDOWS, { ...onWindows, ...tolerating })],
          dryRun,
        ),
      ({ code, stderr }) => code === 0 && stderr === '',
      'Pullgate sees the new nodes',
    )
    for (const [title, kind, image, spec, expected] of cases) {
      const result = await world.apply(namespace, [workload(kind, image, spec)], dryRun)
      const name = `${kind} ${title}`
      if (expected === 'denied')
        t.match(result.stderr, /cannot be pulled \[PlatformMismatch\]/, name)
      else passed(t, result, expected === null ? [] : [expected], name)
    }
    await mustRun(world.plane, ['delete', 'node', 'big-1', 'win-1'])
    await eventually(
      t,
      () => world.apply(namespace, [workload('DaemonSet', GOOD, {})], dryRun),
      ({ code, stderr }) => code === 0 && stderr === '',
      'Pullgate no longer sees them',
    )
  })
}
