import t, { type Test } from 'tap'

import { createApiClient } from '../../src/cluster/api-client.ts'
import { kubernetesApiFacts } from '../../src/cluster/kubernetes-api.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import { behavesAsClusterFacts, read } from './behaviour.ts'
import { clusterObjects } from './cluster-objects.ts'
import {
  accessTo,
  fakeApiServer,
  type FakeApiServer,
  type Watch,
} from './fake-api-server.ts'

const NODES = '/api/v1/nodes'

interface Opened {
  api: FakeApiServer
  facts: ClusterFacts
  clock: { nowMs: number }
  /** Back-offs that were waited for, in milliseconds. */
  waits: number[]
  life: AbortController
  /** The watch of Nodes, as soon as there is one. */
  watch: () => Promise<Watch>
  /** How often Nodes were listed. */
  lists: () => number
}

function node(name: string, resourceVersion: string): object {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, resourceVersion } }
}

async function open(
  test: Test,
  objects: readonly unknown[] = [node('n1', '5')],
  prepare: (api: FakeApiServer) => void = () => {},
): Promise<Opened> {
  const api = await fakeApiServer(test, objects)
  prepare(api)
  const clock = { nowMs: 1_000_000 }
  const waits: number[] = []
  const life = new AbortController()
  const client = createApiClient({
    access: accessTo(api),
    timeoutMs: 10_000,
  })
  test.teardown(async () => {
    life.abort()
    await client.close()
  })
  const facts = kubernetesApiFacts({
    client,
    secrets: 'get',
    mayListSecrets: true,
    now: () => clock.nowMs,
    watch: {
      random: () => 0.5,
      signal: life.signal,
      async wait(ms) {
        waits.push(ms)
        await turn()
      },
    },
  })
  const nodeWatch = (): Watch | undefined =>
    api.watches.find(({ path }) => path === NODES)
  return {
    api,
    facts,
    clock,
    waits,
    life,
    async watch() {
      await until(() => nodeWatch() !== undefined)
      return nodeWatch() as Watch
    },
    lists: () =>
      api.requests.filter(({ target }) => /nodes\?(?!watch)/.test(target)).length,
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Waits for what another part of the program does; the test's own time limit ends it. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await turn()
}

async function names(facts: ClusterFacts, fresh = false): Promise<string[] | string> {
  const fact = await facts.nodes(read(fresh))
  return fact.status === 'known' ? fact.value.map(({ name }) => name) : fact.status
}

async function untilNames(facts: ClusterFacts, expected: string[]): Promise<void> {
  await until(async () => String(await names(facts)) === String(expected))
}

await t.test('a live cluster that is watched', async (test) => {
  await behavesAsClusterFacts(test, async (each) => {
    const { api, facts } = await open(each, clusterObjects)
    await until(() => api.watches.length === 2)
    return facts
  })
})

await t.test('a watch goes on from the list, and asks for nothing more', async (test) => {
  const { api, facts, watch, lists } = await open(test)
  const first = await watch()
  test.equal(first.query.get('resourceVersion'), '100')
  test.equal(first.query.get('allowWatchBookmarks'), 'true')
  test.equal(first.query.get('timeoutSeconds'), '300')

  first.send(
    { type: 'ADDED', object: node('n2', '101') },
    { type: 'ADDED', object: node('n3', '102') },
    { type: 'DELETED', object: node('n1', '103') },
    { type: 'BOOKMARK', object: { kind: 'Node', metadata: { resourceVersion: '110' } } },
  )
  await untilNames(facts, ['n2', 'n3'])
  const half = JSON.stringify({ type: 'ADDED', object: node('n4', '111') })
  first.send(half.slice(0, 30))
  await turn()
  first.send(`${half.slice(30)}\n\n`)
  await untilNames(facts, ['n2', 'n3', 'n4'])

  const before = lists()
  for (const fresh of [false, true]) await names(facts, fresh)
  test.equal(lists(), before, 'not for a fresh answer either')
  test.equal(api.watches.length, 2)
})

await t.test('what ends or breaks off is taken up where it was', async (test) => {
  const { clock, facts, watch, waits, lists } = await open(test)
  const first = await watch()
  first.send({ type: 'ADDED', object: node('n2', '101') })
  await untilNames(facts, ['n1', 'n2'])
  const listed = lists()

  clock.nowMs += 300_000
  first.end()
  await until(async () => (await watch()) !== first)
  const second = await watch()
  test.equal(second.query.get('resourceVersion'), '101')
  test.strictSame(waits, [], 'at once, after its full time')

  second.drop()
  await until(async () => (await watch()) !== second)
  const third = await watch()
  test.equal(third.query.get('resourceVersion'), '101')
  test.strictSame(waits, [375], 'and after a moment, when the connection broke')
  test.equal(lists(), listed)
  third.send({ type: 'MODIFIED', object: node('n2', '102') })
  await untilNames(facts, ['n1', 'n2'])
})

await t.test('a version that is too old has the list read again', async (test) => {
  const tooOld = { kind: 'Status', code: 410, reason: 'Expired' }
  await test.test('when the watch says so', async (each) => {
    const { facts, watch, lists } = await open(each)
    const first = await watch()
    const before = lists()
    first.send({ type: 'ADDED', object: node('gone', '101') })
    await untilNames(facts, ['n1', 'gone'])
    first.send({ type: 'ERROR', object: tooOld })
    await until(async () => (await watch()) !== first)

    each.equal(lists(), before + 1)
    each.equal((await watch()).query.get('resourceVersion'), '100')
    each.same(await names(facts), ['n1'], 'and what is gone is forgotten')
  })

  await test.test('when it is answered so', async (each) => {
    let refusals = 2
    const { watch, lists } = await open(each, undefined, (api) => {
      api.answer = (path, query) =>
        path === NODES && query.has('watch') && refusals-- > 0
          ? { status: 410, body: tooOld }
          : undefined
    })
    await watch()
    each.equal(lists(), 3)
  })
})

await t.test('while the watch is down', async (test) => {
  await test.test('answers come from lists, as without it', async (each) => {
    const { api, facts, clock, watch, lists } = await open(each)
    const first = await watch()
    api.answer = (path, query) =>
      path === NODES && query.has('watch') ? { status: 500, body: {} } : undefined
    first.drop()
    await until(
      () => api.requests.filter(({ target }) => /nodes\?watch/.test(target)).length > 1,
    )
    clock.nowMs += 10_000

    const before = lists()
    each.same(await names(facts), ['n1'])
    each.ok(lists() > before)
  })

  await test.test('and are unknown when there are no lists either', async (each) => {
    const { api, facts, clock, waits, watch } = await open(each)
    const first = await watch()
    each.same(await names(facts), ['n1'])
    api.answer = () => ({ status: 503, body: {} })
    first.drop()
    await until(() => waits.length > 0)
    each.same(await names(facts), ['n1'], 'not in the first moment')
    each.same(await names(facts, true), 'unknown', 'unless they have to be fresh')
    clock.nowMs += 10_000
    each.same(await names(facts), 'unknown')
  })

  await test.test('which a silent connection counts as', async (each) => {
    const { facts, clock, watch, lists } = await open(each)
    const first = await watch()
    first.send({ type: 'ADDED', object: node('n2', '101') })
    await untilNames(facts, ['n1', 'n2'])
    const before = lists()
    clock.nowMs += 89_000
    await names(facts)
    each.equal(lists(), before)
    clock.nowMs += 1_000
    await names(facts)
    each.equal(lists(), before + 1)
  })
})

await t.test('a server in trouble is not pressed', async (test) => {
  await test.test('each failure doubles the wait, up to a minute', async (each) => {
    const { waits } = await open(each, undefined, (api) => {
      api.answer = () => ({ status: 500, body: {} })
    })
    await until(() => waits.length >= 30)
    // Both watches wait, and so every number comes twice.
    const steps = [...new Set(waits)].slice(0, 8)
    each.same(steps, [375, 750, 1500, 3000, 6000, 12_000, 24_000, 45_000])
  })

  await test.test(
    'nor listed again and again when watching is forbidden',
    async (each) => {
      const { waits, lists, facts } = await open(each, undefined, (api) => {
        api.answer = (_path, query) =>
          query.has('watch') ? { status: 403, body: {} } : undefined
      })
      await until(() => waits.length >= 20)
      each.equal(lists(), 1)
      each.same(await names(facts), ['n1'])
    },
  )
})

await t.test('a watch never holds more than the list may', async (test) => {
  const { facts, watch } = await open(test)
  const first = await watch()
  for (let page = 0; page < 21; page += 1) {
    const added = Array.from({ length: 500 }, (_, index) => ({
      type: 'ADDED',
      object: node(`many-${page}-${index}`, '200'),
    }))
    first.send(`${added.map((event) => JSON.stringify(event)).join('\n')}\n`)
  }
  // Then the list answers, which this server never fills.
  await until(async () => String(await names(facts)) === 'n1')
  test.pass()
})

await t.test('the end of the process ends the watches', async (test) => {
  const { api, watch, life } = await open(test)
  await watch()
  await until(() => api.watches.length === 2)
  life.abort()
  await until(() => api.watches.length === 0)
  const requests = api.requests.length
  for (let count = 0; count < 20; count += 1) await turn()
  test.equal(api.requests.length, requests)
})
