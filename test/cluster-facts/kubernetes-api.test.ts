import t, { type Test } from 'tap'

import { createApiClient } from '../../src/cluster/api-client.ts'
import { kubernetesApiFacts } from '../../src/cluster/kubernetes-api.ts'
import type { ClusterFacts, Fact } from '../../src/prediction/cluster-facts.ts'
import { behavesAsClusterFacts, read } from './behaviour.ts'
import { clusterObjects } from './cluster-objects.ts'
import { fakeApiServer, type Answer, type FakeApiServer } from './fake-api-server.ts'

interface Opened {
  api: FakeApiServer
  facts: ClusterFacts
  clock: { nowMs: number }
  token: { value: string }
}

async function open(
  test: Test,
  options: {
    secrets?: 'get' | 'none'
    mayListSecrets?: boolean
    timeoutMs?: number
  } = {},
  objects: readonly unknown[] = clusterObjects,
): Promise<Opened> {
  const api = await fakeApiServer(test, objects)
  const clock = { nowMs: 1_000_000 }
  const token = { value: 'first' }
  const client = createApiClient({
    access: {
      server: api.url,
      proxy: null,
      credentials: async () => ({
        headers: { Authorization: `Bearer ${token.value}` },
        tls: {},
      }),
    },
    timeoutMs: options.timeoutMs ?? 10_000,
  })
  test.teardown(() => client.close())
  const facts = kubernetesApiFacts({
    client,
    secrets: options.secrets ?? 'get',
    mayListSecrets: options.mayListSecrets ?? true,
    now: () => clock.nowMs,
  })
  return { api, facts, clock, token }
}

const pull = (facts: ClusterFacts, fresh = false) =>
  facts.secret('team-a', 'acme-pull', read(fresh))

async function namesOf(facts: ClusterFacts): Promise<unknown> {
  const fact = await facts.nodes(read())
  return fact.status === 'known' ? fact.value.map(({ name }) => name) : fact
}

await t.test('a live cluster', async (test) => {
  await behavesAsClusterFacts(test, async (each) => (await open(each)).facts)
})

await t.test('what the API server refuses or fails at is unknown', async (test) => {
  const status = { kind: 'Status', message: 'secrets "acme-pull" is forbidden' }
  const cases: [string, Answer, RegExp][] = [
    ['forbidden', { status: 403, body: status }, /^forbidden$/],
    ['unauthorized', { status: 401, body: status }, /identity/],
    ['an error', { status: 500, body: status }, /answered 500/],
    ['too many requests', { status: 429, body: status }, /answered 429/],
    ['a redirect', { status: 302, body: '' }, /answered 302/],
    ['gone', { status: 410, body: status }, /410/],
    ["a proxy's page", { status: 404, body: '<html>' }, /answered 404/],
    ['no JSON', { status: 200, body: '<html>' }, /unreadable/],
    ['a list instead', { status: 200, body: [] }, /unreadable/],
    ['another object', { status: 200, body: { kind: 'Secret' } }, /unexpected/],
    ['a closed connection', 'hang up', /could not be asked \(\w+\)/],
  ]
  for (const [name, answer, reason] of cases) {
    const opened = await open(test)
    opened.api.answer = () => answer
    test.match(await pull(opened.facts), { status: 'unknown', reason }, name)
  }
  const { api, facts } = await open(test)
  api.answer = () => ({ status: 403, body: status })
  const lists = [
    facts.nodes(read()),
    facts.podsUsingRegistry('docker.io', read()),
    facts.podMutators('team-a', read()),
    facts.namespacesWithSecret('acme-pull', read()),
  ]
  for (const fact of await Promise.all<Fact<unknown>>(lists)) {
    test.same(fact, { status: 'unknown', reason: 'forbidden' })
  }
})

await t.test('nobody waits longer than allowed', async (test) => {
  await test.test('a call has a deadline', async (each) => {
    const { api, facts } = await open(each, { timeoutMs: 20 })
    api.answer = () => 'silence'

    each.match(await pull(facts), { status: 'unknown', reason: /within 20 ms/ })
  })

  await test.test(
    'a caller who gives up does not end the wait of the others',
    async (each) => {
      const { api, facts } = await open(each)
      const hurried = new AbortController()
      const arrived = Promise.withResolvers<void>()
      api.answer = () => {
        arrived.resolve()
        return undefined
      }
      const first = facts.secret('team-a', 'acme-pull', {
        fresh: false,
        signal: hurried.signal,
      })
      const second = pull(facts)
      hurried.abort()

      each.same(await first, {
        status: 'unknown',
        reason: 'the API server did not answer in time',
      })
      each.match(await second, { status: 'known' })
      await arrived.promise
      each.equal(api.requests.length, 1)
      const late = { fresh: true, signal: AbortSignal.abort() }
      each.match(await facts.secret('team-a', 'acme-pull', late), { status: 'unknown' })
      each.match(await facts.namespacesWithSecret('x', late), { status: 'unknown' })
      each.equal(api.requests.length, 1)
    },
  )

  await test.test('nor for credentials that do not come', async (each) => {
    const client = createApiClient({
      access: {
        server: new URL('http://127.0.0.1:9'),
        proxy: null,
        credentials: () => new Promise(() => {}),
      },
      timeoutMs: 20,
    })
    // AbortSignal.timeout is unref'd.
    const alive = setInterval(() => {}, 1000)
    each.teardown(() => clearInterval(alive))

    each.match(await client.get({ path: '/' }), {
      status: 'failed',
      reason: /within 20 ms/,
    })
  })

  await test.test(
    'and a failing credential plugin is told without its words',
    async (each) => {
      const client = createApiClient({
        access: {
          server: new URL('http://127.0.0.1:9'),
          proxy: null,
          credentials: () => Promise.reject(new Error('token hunter2')),
        },
        timeoutMs: 1000,
      })

      const answer = await client.get({ path: '/' })

      each.same(answer, {
        status: 'failed',
        reason: 'the API server could not be asked (Error)',
      })
    },
  )
})

await t.test('answers are kept for a short while', async (test) => {
  await test.test('a known one, unless it must be fresh', async (each) => {
    const { api, facts, clock } = await open(each)
    await Promise.all([pull(facts), pull(facts)])
    await pull(facts)
    each.equal(api.requests.length, 1)
    await pull(facts, true)
    each.equal(api.requests.length, 2)
    clock.nowMs += 10_000
    await pull(facts)
    each.equal(api.requests.length, 3)
  })

  await test.test(
    'what changed is seen by a fresh read, and by those after it',
    async (each) => {
      const { api, facts } = await open(each)
      await pull(facts)
      api.answer = () => ({ status: 404, body: { kind: 'Status' } })

      each.same(await pull(facts, true), { status: 'absent' })
      each.same(await pull(facts), { status: 'absent' })
    },
  )

  await test.test('lists are shared by a burst of fresh reads', async (each) => {
    const { api, facts, clock } = await open(each)
    await Promise.all([1, 2, 3].map(() => facts.nodes(read(true))))
    await facts.nodes(read(true))
    each.equal(api.requests.length, 1)
    clock.nowMs += 2000
    await facts.nodes(read(true))
    each.equal(api.requests.length, 2)
  })

  await test.test(
    'connections are kept, and the token is the current one',
    async (each) => {
      const { api, facts, token } = await open(each)
      for (const value of ['1', '2', '3', '4', '5', '6']) {
        token.value = value
        await pull(facts, true)
      }

      // Two: the first is not idle yet when its answer has just been read.
      each.ok(api.connections() <= 2)
      each.equal(
        api.requests[0]?.target,
        '/k8s/api/v1/namespaces/team-a/secrets/acme-pull',
      )
      each.same(
        api.requests.map(({ authorization }) => authorization),
        ['1', '2', '3', '4', '5', '6'].map((value) => `Bearer ${value}`),
      )
    },
  )
})

await t.test('lists come in pages', async (test) => {
  const nodes = Array.from({ length: 5 }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `n${index}` },
  }))

  await test.test('of 500, until there is no continue token', async (each) => {
    const { api, facts } = await open(each, {}, nodes)
    api.pageSize = 2

    each.same(await namesOf(facts), ['n0', 'n1', 'n2', 'n3', 'n4'])
    each.same(
      api.requests.map(({ target }) => target),
      ['', '&continue=2', '&continue=4'].map(
        (more) => `/k8s/api/v1/nodes?limit=500${more}`,
      ),
    )
  })

  await test.test('an expired token starts over, once', async (each) => {
    const { api, facts, clock } = await open(each, {}, nodes)
    api.pageSize = 2
    let expirations = 1
    api.answer = () =>
      api.requests.length % 2 === 0 && expirations-- > 0
        ? { status: 410, body: { kind: 'Status' } }
        : undefined
    each.same(await namesOf(facts), ['n0', 'n1', 'n2', 'n3', 'n4'])

    expirations = 9
    clock.nowMs += 60_000
    each.match(await namesOf(facts), { status: 'unknown', reason: /faster/ })
  })

  await test.test('more than the bound is unknown, not a part', async (each) => {
    const many = Array.from({ length: 21 }, (_, index) => ({
      ...nodes[0],
      metadata: { name: `m${index}` },
    }))
    const { api, facts } = await open(each, {}, many)
    api.pageSize = 1

    each.match(await namesOf(facts), { status: 'unknown', reason: /too many/ })
    each.equal(api.requests.length, 20)
  })

  await test.test('replicas of a Pod are remembered once', async (each) => {
    const template = clusterObjects.find(({ kind }) => kind === 'Pod')
    const replicas = Array.from({ length: 9 }, (_, index) => ({
      ...template,
      metadata: { name: `web-${index}`, namespace: 'team-a' },
    }))
    const { facts } = await open(each, {}, replicas)
    const fact = await facts.podsUsingRegistry('registry.acme.io', read())

    each.match(fact, { status: 'known', value: [{ name: 'web-0' }] })
    each.equal(fact.status === 'known' && fact.value.length, 1)
  })
})

await t.test('what may not be looked at is not asked for', async (test) => {
  const { api, facts } = await open(test, { secrets: 'none' })
  test.match(await pull(facts), { status: 'unknown', reason: /switched off/ })
  test.match(await facts.namespacesWithSecret('acme-pull', read()), { status: 'unknown' })
  test.equal(api.requests.length, 0)

  const discreet = await open(test, { mayListSecrets: false })
  test.match(await discreet.facts.namespacesWithSecret('acme-pull', read()), {
    status: 'unknown',
  })
  test.equal(discreet.api.requests.length, 0)
})

await t.test(
  'webhooks count for every namespace whose labels cannot be read',
  async (test) => {
    const { api, facts } = await open(test)
    api.answer = (path) =>
      path === '/api/v1/namespaces/default' ? { status: 403, body: {} } : undefined
    const fact = await facts.podMutators('default', read())

    test.equal(fact.status === 'known' && fact.value.length, 2)
  },
)
