import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { collectCluster } from '../../src/audit/collect-cluster.ts'
import type { ClusterSelection } from '../../src/audit/collect-cluster.ts'
import { groupObjects, isAboutPresence } from '../../src/audit/group-outcome.ts'
import { createApiClient } from '../../src/cluster/api-client.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { parseLabelSelector, selects } from '../../src/cluster/label-selector-text.ts'
import { apiObjectLister, memoryObjectLister } from '../../src/cluster/object-lister.ts'
import type { ObjectLister } from '../../src/cluster/object-lister.ts'
import { progressLine } from '../../src/commands/progress.ts'
import { runCommand } from '../../src/commands/run-command.ts'
import type { NodeFacts } from '../../src/prediction/cluster-facts.ts'
import { imagePresence } from '../../src/prediction/nodes/presence.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import { fakeApiServer } from '../cluster-facts/fake-api-server.ts'
import { startBigCluster } from '../support/big-cluster.ts'
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
    access: {
      server: fake.url,
      proxy: null,
      credentials: async () => ({ headers: {}, tls: {} }),
    },
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

t.test('label selectors are those of kubectl', (t) => {
  const labels = { app: 'web', tier: 'front', 'a.io/b': '' }
  const cases: [string, boolean][] = [
    ['', true],
    ['app=web', true],
    ['app==web,tier!=back', true],
    ['app in (api, web),tier', true],
    ['app notin (web)', false],
    ['!app', false],
    ['!other,a.io/b', true],
    ['other!=x', true],
    ['toString', false],
  ]
  for (const [text, expected] of cases)
    t.equal(selects(parseLabelSelector(text), labels), expected, text)
  for (const text of ['a=b=c', 'a in b', ',', 'a>1', '=x'])
    t.throws(() => parseLabelSelector(text), { code: 'InvalidLabelSelector' }, text)
  t.end()
})

t.test('everything that is said of nodes that hold an image counts as such', (t) => {
  const reference = parseReference('r.test/a:1')
  const bare: NodeFacts = {
    name: 'n',
    os: 'linux',
    architecture: 'amd64',
    labels: {},
    taints: [],
    unschedulable: false,
    ready: true,
    osImage: '',
    kernelVersion: '',
    containerRuntimeVersion: 'containerd://2.1.4',
    kubeletVersion: 'v1.34.0',
    images: [],
  }
  const has = { ...bare, images: ['r.test/a:1'] }
  const full = { ...bare, images: Array.from({ length: 50 }, (_, index) => `x:${index}`) }
  const ran = {
    namespace: 'a',
    name: 'p',
    pullSecrets: [],
    nodeName: 'n',
    containers: [{ image: 'r.test/a:1', imageID: 'x', pullPolicy: 'Always' }],
  }
  const kind = { ...bare, providerID: 'kind://docker/kind/n' }
  for (const thorough of [true, false]) {
    for (const [nodes, pods] of [
      [[has], []],
      [[has, has], []],
      [[has, bare], []],
      [[bare], [ran]],
      [[], [ran]],
      [[full], []],
      [[kind], []],
    ] as const) {
      const { reason } = imagePresence(reference, nodes, pods, thorough)
      t.ok(reason !== null && isAboutPresence(reason), reason ?? 'nothing')
    }
  }
  t.notOk(isAboutPresence('Nodes may reach the registry on another way.'))
  t.end()
})

t.test('the line of progress has count, rate and time left', (t) => {
  const cases: [number, number, string][] = [
    [0, 0, 'judging 0 of 100 objects'],
    [20, 2_000, 'judging 20 of 100 objects, 10/s, 8 s left'],
    [1, 2_000, 'judging 1 of 100 objects, 0.5/s, 3 min 18 s left'],
    [1, 100_000, 'judging 1 of 100 objects, 0.0/s, 2 h 45 min left'],
  ]
  for (const [done, elapsedMs, line] of cases)
    t.equal(progressLine({ done, total: 100, elapsedMs }), line)
  t.end()
})

const big = { deployments: 600, images: 100, registries: 5, nodes: 4 }

async function bigWorld(test: Test) {
  const cluster = await startBigCluster(test, big)
  const cwd = test.testdir({})
  await writeFile(join(cwd, 'kubeconfig'), cluster.kubeconfig)
  await writeFile(join(cwd, 'config.yaml'), cluster.configuration)
  const args = ['audit', '--kubeconfig', 'kubeconfig', '--config', 'config.yaml']
  return { cluster, cwd, args }
}

interface Report {
  results: unknown[]
  summary: object
  groups: Record<string, { key: string; pods: number; blastRadius: object }[]>
}

t.test(
  'every distinct question is asked once, and groups tell how widespread it is',
  async (t) => {
    const { cluster, cwd, args } = await bigWorld(t)

    const { code, stdout, stderr } = await runInProcess([...args, '-o', 'json'], { cwd })

    t.equal(stderr, '')
    t.equal(code, 1)
    const report = JSON.parse(stdout) as Report
    t.same(report.summary, { images: 600, allow: 540, warn: 0, deny: 60, inactive: 0 })
    t.strictSame(
      [...cluster.registryRequests].filter(([, times]) => times > 1),
      [],
    )
    const secrets = [...cluster.apiRequests].filter(([path]) =>
      path.includes('/secrets/'),
    )
    t.equal(secrets.length, 50)
    t.ok(secrets.every(([, times]) => times === 1))
    t.match(report.groups.causes, [
      { key: 'ImageNotFound', objects: 60, images: 10, deny: 60, pods: 60 },
    ])
    t.same(report.groups.causes?.[0]?.blastRadius, { certain: 60, possible: 0 })
    t.equal(
      report.groups.nodes?.reduce((sum, { pods }) => sum + pods, 0),
      60,
    )
  },
)

t.test('Ctrl-C gives the report of what was judged, and 2', async (t) => {
  const { cwd, args } = await bigWorld(t)
  const interruption = new AbortController()
  const output = { stdout: '', stderr: '' }
  const into = (name: keyof typeof output, extra: object = {}): Writable =>
    Object.assign(
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          output[name] += chunk.toString()
          if (output[name].includes('judging')) interruption.abort()
          done()
        },
      }),
      extra,
    )

  const code = await runCommand([...args, '-o', 'json'], {
    stdin: Readable.from([]),
    stdout: into('stdout'),
    stderr: into('stderr', { isTTY: true }),
    env: {},
    cwd,
    isTerminal: false,
    columns: 100,
    signal: interruption.signal,
  })

  t.equal(code, 2)
  t.match(output.stderr, /judging 0 of 600 objects/)
  t.match(output.stderr, /interrupted: \d+ of 600 objects were judged/)
  const { results } = JSON.parse(output.stdout) as Report
  t.ok(results.length < 600)
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

t.test('nothing wrong makes no groups', (t) => {
  t.strictSame(groupObjects([]), {
    causes: [],
    registries: [],
    namespaces: [],
    nodes: [],
  })
  t.end()
})
