import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t, { type Test } from 'tap'
import { stringify } from 'yaml'

import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { folderFacts } from '../../src/cluster/folder-facts.ts'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import {
  openStandaloneFolder,
  type FolderProblem,
} from '../../src/cluster/standalone-folder.ts'
import type {
  ClusterFacts,
  Fact,
  NodeFacts,
  ReadOptions,
} from '../../src/prediction/cluster-facts.ts'
import { isDevelopmentCluster } from '../../src/prediction/nodes/development-cluster.ts'
import { behavesAsClusterFacts, read } from './behaviour.ts'
import { clusterObjects } from './cluster-objects.ts'

const STANDALONE = { complete: true, mayNameNamespaces: true }

function factsOf(documents: unknown[], options = STANDALONE): ClusterFacts {
  const objects = documents.flatMap((document) => readKubernetesObjects(document))
  return objectStoreFacts(createObjectStore(objects), options)
}

async function openFolder(test: Test, files: Parameters<Test['testdir']>[0]) {
  const directory = test.testdir(files)
  const problems: FolderProblem[] = []
  const polling = new AbortController()
  test.teardown(() => polling.abort())
  const folder = await openStandaloneFolder({
    directory,
    onProblem: (problem) => problems.push(problem),
    intervalMs: 3_600_000,
    signal: polling.signal,
  })
  const facts = objectStoreFacts(folder.store, STANDALONE)
  const hasSecret = async (name: string): Promise<boolean> =>
    (await facts.secret('default', name, read())).status === 'known'
  return { directory, folder, facts, problems, hasSecret }
}

function secret(name: string): string {
  return stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name } })
}

function withData(stringData: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', resourceVersion: '7' },
    data: { a: 'b2xk', b: 'a2VwdA==' },
    stringData,
  }
}

function account(pullSecret: string): object {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'a' },
    imagePullSecrets: [{ name: pullSecret }],
  }
}

function askEverything(facts: ClusterFacts): Promise<Fact<unknown>[]> {
  return Promise.all([
    facts.secret('team-a', 'acme-pull', read()),
    facts.serviceAccount('team-a', 'default', read()),
    facts.namespace('team-a', read()),
    facts.nodes(read()),
    facts.namespacesWithSecret('acme-pull', read()),
    facts.podsUsingRegistry('docker.io', read()),
    facts.podMutators('team-a', read()),
  ])
}

function nodeText(name: string): string {
  return stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name } })
}

function node(name: string, more: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name,
    os: 'linux',
    architecture: 'amd64',
    labels: {},
    taints: [],
    unschedulable: false,
    ready: true,
    containerRuntimeVersion: '',
    kubeletVersion: '',
    osImage: '',
    kernelVersion: '',
    images: [],
    ...more,
  }
}

await t.test('objects in memory', async (test) => {
  await behavesAsClusterFacts(test, async () => factsOf(clusterObjects))
})

await t.test('a folder of manifests', async (test) => {
  await behavesAsClusterFacts(test, async (each) => {
    const [first, ...rest] = clusterObjects
    const { facts } = await openFolder(each, {
      'a.yaml': stringify(first),
      'b.json': JSON.stringify({ kind: 'List', apiVersion: 'v1', items: rest }),
      'README.md': 'not: a manifest',
    })
    return facts
  })
})

await t.test('what a denial rests on is read from the files of now', async (test) => {
  const { directory, folder } = await openFolder(test, { 'a.yaml': secret('one') })
  const facts = folderFacts(folder)
  const { signal } = new AbortController()
  const statuses = async (options: ReadOptions): Promise<string[]> => {
    const asked = [
      facts.secret('default', 'one', options),
      facts.secret('default', 'two', options),
      facts.nodes(options),
    ]
    return (await Promise.all<Fact<unknown>>(asked)).map(({ status }) => status)
  }
  await writeFile(join(directory, 'b.yaml'), secret('two'))
  const old = { fresh: false, signal }
  test.same(await statuses(old), ['known', 'absent', 'known'], 'between two looks')
  test.same(await statuses({ fresh: true, signal }), ['known', 'known', 'known'])

  const aborted = { fresh: true, signal: AbortSignal.abort() }
  test.same(await statuses(aborted), ['unknown', 'unknown', 'unknown'])
})

await t.test(
  'one look at the files serves all who ask before it begins',
  async (test) => {
    const { directory, folder, hasSecret } = await openFolder(test, {})
    const first = folder.reread()
    test.equal(folder.reread(), first)
    await first
    await writeFile(join(directory, 'a.yaml'), secret('late'))
    test.not(folder.reread(), first)
    await folder.reread()
    test.ok(await hasSecret('late'))
  },
)

await t.test('what is written by hand is read as the API server would', async (test) => {
  await test.test(
    'stringData wins over data, and versions follow the content',
    async (each) => {
      const one = await factsOf([withData({ a: 'new' })]).secret('default', 's', read())
      const two = await factsOf([withData({ a: 'newer' })]).secret('default', 's', read())

      each.match(one, {
        value: { type: 'Opaque', data: { a: 'bmV3', b: 'a2VwdA==' }, createdAtMs: null },
      })
      each.ok(one.status === 'known' && two.status === 'known')
      if (one.status !== 'known' || two.status !== 'known') return
      each.not(one.value.version, two.value.version)
    },
  )

  await test.test(
    'lists in lists, typed lists and defaults of the namespace',
    async (each) => {
      const inner = {
        apiVersion: 'v1',
        kind: 'SecretList',
        items: [{ metadata: { name: 'a' } }],
      }
      const list = { kind: 'List', apiVersion: 'v1', items: [inner, null, 7] }
      const objects = readKubernetesObjects(list, 'team-b')

      each.match(objects, [{ kind: 'Secret', group: '', namespace: 'team-b', name: 'a' }])
      const aNode = {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'n', namespace: 'x' },
      }
      each.match(readKubernetesObjects(aNode), [{ namespace: '' }])
      for (const nothing of [null, 'text', [], {}, { kind: 'Secret' }, { items: [] }]) {
        each.same(readKubernetesObjects(nothing), [])
      }
    },
  )

  await test.test('of two objects with one name the later one counts', async (each) => {
    const facts = factsOf([account('first'), account('second')])

    each.match(await facts.serviceAccount('default', 'a', read()), {
      value: { imagePullSecrets: ['second'] },
    })
  })

  await test.test('wrong shapes are passed over', async (each) => {
    const facts = factsOf([
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: 7, type: [] },
      { apiVersion: 'acme.io/v1', kind: 'Secret', metadata: { name: 'foreign' } },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: 'x' },
      },
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels: [] }, spec: 1 },
    ])

    each.match(await facts.secret('default', 's', read()), { value: { data: {} } })
    each.same(await facts.secret('default', 'foreign', read()), { status: 'absent' })
    each.match(await facts.nodes(read()), { value: [{ name: 'n', ready: true }] })
    each.match(await facts.podsUsingRegistry('docker.io', read()), { value: [] })
  })

  await test.test('every namespace has its default service account', async (each) => {
    const facts = factsOf([])

    each.same(await facts.serviceAccount('anywhere', 'default', read()), {
      status: 'known',
      value: { namespace: 'anywhere', name: 'default', imagePullSecrets: [] },
    })
    each.same(await facts.serviceAccount('anywhere', 'x', read()), { status: 'absent' })
    each.same(await facts.namespace('anywhere', read()), { status: 'absent' })
    each.same(await facts.nodes(read()), { status: 'known', value: [] })
  })
})

await t.test('files of a check leave open what they do not hold', async (test) => {
  const options = { complete: false, mayNameNamespaces: true }
  const empty = factsOf([], options)
  const full = factsOf(clusterObjects, options)

  for (const fact of await askEverything(empty))
    test.match(fact, { status: 'unknown', reason: /\w/ })
  const statuses = (await askEverything(full)).map(({ status }) => status)
  test.same(statuses, [...Array<string>(5).fill('known'), 'unknown', 'unknown'])
  const discreet = factsOf(clusterObjects, { complete: true, mayNameNamespaces: false })
  test.match(await discreet.namespacesWithSecret('acme-pull', read()), {
    status: 'unknown',
  })
})

await t.test('a folder follows its files', async (test) => {
  await test.test('changed, new, nested, linked and removed ones', async (each) => {
    const files = { 'a.yaml': secret('a'), '.hidden.yaml': secret('hidden') }
    const { directory, folder, hasSecret, problems } = await openFolder(each, files)
    each.ok(await hasSecret('a'))
    each.notOk(await hasSecret('hidden'))

    await writeFile(join(directory, 'a.yaml'), `${secret('a2')}---\n${secret('a3')}`)
    await mkdir(join(directory, '..data'))
    await writeFile(join(directory, '..data', 'b.yml'), secret('b'))
    await symlink('..data', join(directory, 'linked'))
    await symlink('nowhere', join(directory, 'broken.yaml'))
    await folder.reread()
    for (const name of ['a2', 'a3', 'b']) each.ok(await hasSecret(name), name)
    each.notOk(await hasSecret('a'))

    await rm(join(directory, 'a.yaml'))
    await folder.reread()
    each.notOk(await hasSecret('a2'))
    each.same(problems, [])
  })

  await test.test(
    'a broken file is told once, and its old content stays',
    async (each) => {
      const { directory, folder, hasSecret, problems } = await openFolder(each, {
        'a.yaml': secret('a'),
      })
      const file = join(directory, 'a.yaml')

      await writeFile(file, `${secret('b')}---\nkind: Secret\npassword: "hunter2\n`)
      await folder.reread()
      await folder.reread()
      each.ok(await hasSecret('a'))
      each.notOk(await hasSecret('b'))
      each.match(problems, [{ file, line: 8, message: /\w/ }])
      each.equal(problems.length, 1)
      each.notMatch(JSON.stringify(problems), /hunter2/)

      await writeFile(file, secret('c'))
      await folder.reread()
      each.ok(await hasSecret('c'))
      each.equal(problems.length, 1)
    },
  )

  await test.test('aliases that explode are refused', async (each) => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh'].map((pair) =>
      pair.split(''),
    )) {
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`)
    }
    const { problems } = await openFolder(each, { 'bomb.yaml': bomb.join('\n') })

    each.match(problems, [{ message: /more than/ }])
  })

  await test.test('too large files and too deep folders are told', async (each) => {
    const deep = Array(9).fill('d').join('/')
    const { directory, folder, problems } = await openFolder(each, {})
    await mkdir(join(directory, deep), { recursive: true })
    await writeFile(join(directory, 'big.yaml'), Buffer.alloc(8 * 1024 * 1024 + 1, ' '))
    await folder.reread()

    each.match(problems, [{ message: 'deeper than 8 folders' }, { message: 'too large' }])
  })

  await test.test('everything stays when the folder itself is gone', async (each) => {
    const { directory, folder, hasSecret, problems } = await openFolder(each, {
      'a.yaml': secret('a'),
    })
    await rm(directory, { recursive: true })
    await folder.reread()
    await folder.reread()

    each.ok(await hasSecret('a'))
    each.same(problems, [
      { file: directory, line: null, message: 'there is no such file' },
    ])
    await mkdir(directory)
  })

  await test.test('one that cannot be read at the start is an error', async (each) => {
    const directory = join(each.testdir({}), 'nowhere')
    const opening = openStandaloneFolder({
      directory,
      onProblem: () => {},
      intervalMs: 1000,
      signal: AbortSignal.abort(),
    })
    await each.rejects(opening, { code: 'ENOENT' })
  })

  await test.test('a list is another once a file has changed', async (each) => {
    const { directory, folder, facts } = await openFolder(each, {
      'n.yaml': nodeText('one'),
    })
    const names = async (): Promise<unknown> => {
      const fact = await facts.nodes(read())
      return fact.status === 'known' && fact.value.map(({ name }) => name)
    }
    each.strictSame(await names(), ['one'])
    await writeFile(
      join(directory, 'n.yaml'),
      `${nodeText('one')}---\n${nodeText('two')}`,
    )
    await folder.reread()
    each.strictSame(await names(), ['one', 'two'])
  })

  await test.test('polling takes up a change by itself', async (each) => {
    const directory = each.testdir({ 'a.yaml': secret('a') })
    const polling = new AbortController()
    each.teardown(() => polling.abort())
    const { promise, resolve } = Promise.withResolvers<FolderProblem>()
    await openStandaloneFolder({
      directory,
      onProblem: resolve,
      intervalMs: 5,
      signal: polling.signal,
    })
    // The timer is unref'd: something else must keep the process.
    const alive = setInterval(() => {}, 1000)
    each.teardown(() => clearInterval(alive))

    await writeFile(join(directory, 'b.yaml'), ': [')

    each.match(await promise, { file: join(directory, 'b.yaml'), line: 1 })
  })
})

await t.test("knows clusters on a developer's machine", async (test) => {
  const cases: [string, Partial<NodeFacts>, boolean][] = [
    ['kind-control-plane', {}, true],
    ['kind-worker3', {}, true],
    ['dev-control-plane', { providerID: 'kind://docker/dev/dev-control-plane' }, true],
    ['dev-control-plane', {}, false],
    ['minikube-m02', {}, true],
    ['m', { labels: { 'minikube.k8s.io/name': 'm' } }, true],
    ['k3d-demo-server-0', {}, true],
    ['docker-desktop', {}, true],
    ['ip-10-0-0-1.ec2.internal', { providerID: 'aws:///eu-west-1a/i-0' }, false],
    ['my-kind-worker', {}, false],
  ]
  for (const [name, more, expected] of cases) {
    test.equal(isDevelopmentCluster([node('other'), node(name, more)]), expected, name)
  }
  test.equal(isDevelopmentCluster([]), false)
})
