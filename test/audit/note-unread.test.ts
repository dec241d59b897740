import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { noteUnread } from '../../src/audit/note-unread.ts'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import { demoConfiguration } from '../../src/demo/demo-configuration.ts'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import { fakeApiServer } from '../cluster-facts/fake-api-server.ts'
import { read } from '../cluster-facts/behaviour.ts'
import { runInProcess } from '../support/run-in-process.ts'
import type { Finished } from '../support/pullgate-process.ts'

// A gate that sees nothing of its cluster denies little; that it sees nothing must show.

async function check(t: Test, server: string, ...more: string[]): Promise<Finished> {
  const registry = await startDemoRegistry()
  t.teardown(() => registry.close())
  const kubeconfig = {
    'current-context': 'a',
    clusters: [{ name: 'a', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'a', user: { token: 'a' } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  }
  const image = 'private.acme.test/team/api:2.1'
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: {
      containers: [{ name: 'c', image }],
      imagePullSecrets: [{ name: 'pull' }],
    },
  }
  const cwd = t.testdir({
    kubeconfig: JSON.stringify(kubeconfig),
    'pod.json': JSON.stringify(pod),
  })
  await writeFile(join(cwd, 'pullgate.yaml'), demoConfiguration(registry))
  const files = ['--kubeconfig', 'kubeconfig', '--config', 'pullgate.yaml', 'pod.json']
  return runInProcess(['check', ...files, ...more], { cwd })
}

t.test('an API server that is away', async (t) => {
  for (const more of [[], ['-o', 'json']]) {
    const { code, stderr } = await check(t, 'http://127.0.0.1:1', ...more)

    t.equal(code, 0)
    t.match(
      stderr,
      /^Could not be read in the cluster, and what rests on it only warns: Namespaces, service accounts, Secrets[^:;]*: the API server could not be asked \(ECONNREFUSED\)\.\n$/,
    )
  }
})

t.test('one that does not show everything', async (t) => {
  const api = await fakeApiServer(t, [])
  api.answer = (path) =>
    path.includes('/secrets/') ? { status: 403, body: { kind: 'Status' } } : undefined

  const { code, stderr } = await check(t, api.url.href)

  t.equal(code, 0)
  t.equal(
    stderr,
    'Could not be read in the cluster, and what rests on it only warns: Secrets: forbidden.\n',
  )
})

t.test('one that shows all', async (t) => {
  const api = await fakeApiServer(t, [])

  const { stderr } = await check(t, api.url.href)

  t.equal(stderr, '')
})

const away = (reason: string) => async () => ({ status: 'unknown', reason }) as const

t.test('each kind is told once, with its first reason', async (t) => {
  const store = createObjectStore([])
  const facts: ClusterFacts = {
    ...objectStoreFacts(store, { complete: true, mayNameNamespaces: true }),
    secret: away('forbidden'),
    nodes: away('forbidden'),
    namespace: away('late'),
    podMutators: away('503'),
    podsUsingRegistry: away('too many\u001b[31m'),
    namespacesWithSecret: away('not looked at'),
  }
  const noted = noteUnread(facts)
  await noted.facts.serviceAccount('a', 'b', read())
  await noted.facts.namespacesWithSecret('b', read())
  t.equal(noted.unread(), null)

  for (const name of ['a', 'b']) await noted.facts.secret('a', name, read())
  await noted.facts.podMutators('a', read())
  await noted.facts.podsUsingRegistry('a', read())
  await noted.facts.nodes(read())
  await noted.facts.namespace('a', read())

  t.equal(
    noted.unread(),
    'Could not be read in the cluster, and what rests on it only warns: Namespaces: late; Secrets, nodes: forbidden; Pods: too many [31m; and 1 more.',
  )
})
