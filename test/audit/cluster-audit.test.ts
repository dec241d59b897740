import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { collectCluster } from '../../src/audit/collect-cluster.ts'
import type { ClusterSelection } from '../../src/audit/collect-cluster.ts'
import { createApiClient } from '../../src/cluster/api-client.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { apiObjectLister, memoryObjectLister } from '../../src/cluster/object-lister.ts'
import type { ObjectLister } from '../../src/cluster/object-lister.ts'
import { accessTo, fakeApiServer } from '../cluster-facts/fake-api-server.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { deployment, object, pod, replicaSet } from './owned-objects.ts'

const fleet = [
  deployment('web', { spec: { replicas: 3 } }),
  replicaSet('web-1', { owner: ['Deployment', 'web'], spec: { replicas: 2 } }),
  replicaSet('web-0', { owner: ['Deployment', 'web'], spec: { replicas: 0 } }),
  pod('web-1-a', { owner: ['ReplicaSet', 'web-1'], node: 'n1' }),
  pod('web-1-b', { owner: ['ReplicaSet', 'web-1'], node: 'n1' }),
  pod('web-0-a', { owner: ['ReplicaSet', 'web-0'], node: 'n2', image: 'old:1' }),
  deployment('idle', { spec: { replicas: 0 } }),
  object('batch/v1', 'CronJob', 'nightly'),
  object('batch/v1', 'Job', 'nightly-1', { owner: ['CronJob', 'nightly'] }),
  pod('nightly-1-a', {
    owner: ['Job', 'nightly-1'],
    status: { phase: 'Succeeded' },
  }),
  object('batch/v1', 'CronJob', 'paused', { spec: { suspend: true } }),
  object('batch/v1', 'Job', 'done', {
    status: { conditions: [{ type: 'Complete', status: 'True' }] },
  }),
  pod('lone', { labels: { team: 'a' } }),
  pod('db-1', { owner: ['Cluster', 'db', 'postgresql.cnpg.io/v1'], node: 'n1' }),
  pod('db-2', { owner: ['Cluster', 'db', 'postgresql.cnpg.io/v1'], node: 'n2' }),
  object('argoproj.io/v1alpha1', 'Rollout', 'canary'),
  replicaSet('canary-1', { owner: ['Rollout', 'canary', 'argoproj.io/v1alpha1'] }),
  object('apps/v1', 'StatefulSet', 'far', { namespace: 'other' }),
]

const everything: ClusterSelection = {
  namespaces: null,
  labels: '',
  includeInactive: false,
}

async function rows(
  lister: ObjectLister,
  selection: Partial<ClusterSelection> = {},
  rules = [
    {
      apiVersion: 'argoproj.io/*',
      kind: 'Rollout',
      podTemplate: 'spec.template',
      images: [],
    },
  ],
) {
  const { workloads, problems } = await collectCluster({
    lister,
    selection: { ...everything, ...selection },
    rules,
    signal: new AbortController().signal,
  })
  return {
    names: workloads.map(
      ({
        workload: {
          object: { kind, name },
        },
      }) => `${kind} ${name}`,
    ),
    pods: Object.fromEntries(
      workloads
        .filter(({ pods }) => pods.length > 0)
        .map(({ workload, pods }) => [workload.object.name, pods]),
    ),
    problems: problems.map(({ message }) => message),
  }
}

const DISCOVERY: Record<string, object> = {
  '/apis/argoproj.io': { preferredVersion: { groupVersion: 'argoproj.io/v1alpha1' } },
  '/apis/argoproj.io/v1alpha1': {
    resources: [
      { name: 'rollouts/status', kind: 'Rollout' },
      { name: 'rollouts', kind: 'Rollout' },
    ],
  },
}

/** The lists of a fake API server, three objects a page. */
async function apiLister(test: Test, forbidden: readonly string[] = []) {
  const fake = await fakeApiServer(test, [])
  fake.answer = (path, query) => {
    if (DISCOVERY[path] !== undefined) return { status: 200, body: DISCOVERY[path] }
    const [, namespace, resource = ''] =
      /^\/apis?\/.*?(?:namespaces\/([^/]+)\/)?([a-z]+)$/.exec(path) ?? []
    if (forbidden.includes(resource)) return { status: 403, body: { kind: 'Status' } }
    const all = fleet.filter(
      ({ kind, metadata }) =>
        `${kind.toLowerCase()}s` === resource &&
        (namespace === undefined || metadata.namespace === namespace),
    )
    const start = Number(query.get('continue') ?? 0)
    const items = all.slice(start, start + 3).map(({ metadata, spec: own, status }) => ({
      metadata,
      spec: own,
      status,
    }))
    const more = start + 3 < all.length ? { continue: String(start + 3) } : {}
    return { status: 200, body: { items, metadata: more } }
  }
  const client = createApiClient({
    access: accessTo(fake),
    timeoutMs: 5_000,
  })
  test.teardown(() => client.close())
  return { fake, lister: apiObjectLister(client) }
}

const folder = memoryObjectLister(fleet.flatMap((each) => readKubernetesObjects(each)))

t.test('owners are folded, from an API server and from a folder alike', async (t) => {
  const { lister } = await apiLister(t)
  const names = [
    'StatefulSet far',
    'CronJob nightly',
    'Deployment web',
    'Pod db-1',
    'Pod lone',
    'Rollout canary',
  ]

  for (const [what, each] of Object.entries({ api: lister, folder })) {
    const found = await rows(each)
    t.strictSame(found.names, names, what)
    t.strictSame(found.problems, [], what)
    t.strictSame(
      found.pods,
      {
        'db-1': [
          { node: 'n1', images: ['a:1'], count: 1 },
          { node: 'n2', images: ['a:1'], count: 1 },
        ],
        lone: [{ node: null, images: ['a:1'], count: 1 }],
        web: [
          { node: 'n1', images: ['a:1'], count: 2 },
          { node: 'n2', images: ['old:1'], count: 1 },
        ],
      },
      what,
    )
  }
})

t.test('namespaces, labels and what is inactive can be chosen', async (t) => {
  t.strictSame((await rows(folder, { namespaces: ['other'] })).names, ['StatefulSet far'])
  t.strictSame((await rows(folder, { labels: 'team in (a,b)' })).names, ['Pod lone'])
  const { names } = await rows(folder, { includeInactive: true, namespaces: ['shop'] })
  for (const name of ['Deployment idle', 'CronJob paused', 'Job done'])
    t.ok(names.includes(name), name)
  t.notOk(names.includes('ReplicaSet web-0'))
})

t.test(
  'what is left out is counted, and the option that judges it is named',
  async (t) => {
    const cwd = t.testdir({ cluster: { 'all.json': JSON.stringify(listOf(fleet)) } })
    // Nobody is asked.
    const config = JSON.stringify({ registries: [{ host: 'docker.io', skip: true }] })
    await writeFile(join(cwd, 'config.yaml'), config)
    const command = ['audit', '--standalone', 'cluster', '--config', 'config.yaml']
    const audit = (...args: string[]) => runInProcess([...command, ...args], { cwd })
    // idle has no replicas, paused is suspended, done is finished; web-0 is not one of its own.
    const sentence =
      '3 objects are suspended, finished or scaled to zero and left out; --include-inactive judges them too.'
    const cases: [args: string[], inactive: number, says: string | null][] = [
      [[], 3, sentence],
      [['-n', 'other'], 0, null],
      [['-l', 'team=a'], 0, null],
      [['--include-inactive'], 0, null],
    ]
    for (const [args, inactive, says] of cases) {
      const { stdout } = await audit(...args, '-o', 'json')
      t.match(JSON.parse(stdout), { summary: { inactive } }, args.join(' '))
      for (const format of ['table', 'markdown']) {
        const { stdout: text } = await audit(...args, '-o', format)
        const said = text.split('\n').find((line) => line.includes('--include-inactive'))
        t.equal(said ?? null, says, `${format} ${args.join(' ')}`)
      }
      const { stdout: page } = await audit(...args, '-o', 'html')
      t.equal(/<p>(\d+ objects are [^<]*)<\/p>/.exec(page)?.[1] ?? null, says, 'html')
    }
  },
)

function listOf(items: readonly object[]): object {
  return { apiVersion: 'v1', kind: 'List', items }
}

t.test(
  'a list that is refused is told, and what it owns stands for itself',
  async (t) => {
    const { lister } = await apiLister(t, ['deployments', 'rollouts'])

    const { names, problems } = await rows(lister)

    t.strictSame(problems, [
      'cannot list Rollout objects of the cluster: forbidden',
      'cannot list Deployment objects of the cluster: forbidden',
    ])
    t.ok(names.includes('ReplicaSet web-1'))
    t.ok(names.includes('ReplicaSet canary-1'))
    t.notOk(names.includes('ReplicaSet web-0'))
  },
)

t.test('without a rule, what a custom resource makes stands for itself', async (t) => {
  const { names } = await rows(folder, {}, [])

  t.ok(names.includes('ReplicaSet canary-1'))
})

t.test(
  'options that do not go together, and namespaces that are not there',
  async (t) => {
    const cwd = t.testdir({ cluster: { 'a.yaml': JSON.stringify(deployment('web')) } })
    const cases: [string[], RegExp][] = [
      [['-A', '-n', 'a'], /-A and -n do not go together/],
      [['-n', '../x'], /-n takes a namespace/],
      [['-l', 'a in b'], /-l: "a in b" is no requirement/],
      [['-n', 'gone'], /namespace gone does not exist/],
    ]
    for (const [args, says] of cases) {
      const all = ['audit', '--standalone', 'cluster', ...args]
      const { code, stderr } = await runInProcess(all, { cwd })
      t.equal(code, 2)
      t.match(stderr, says)
    }
  },
)
