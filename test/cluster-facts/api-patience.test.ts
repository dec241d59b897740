import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createApiClient } from '../../src/cluster/api-client.ts'
import type { ApiAnswer } from '../../src/cluster/api-client.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { accessTo, fakeApiServer } from './fake-api-server.ts'
import type { Answer } from './fake-api-server.ts'

const busy = (status: number, retryAfter?: string): Answer => ({
  status,
  body: { kind: 'Status' },
  ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
})
const good: Answer = { status: 200, body: { kind: 'NodeList', items: [] } }

interface Asked {
  answer: ApiAnswer
  requests: number
  pauses: number[]
}

/** The answers one after the other, the last of them for ever. */
async function ask(
  t: Test,
  answers: readonly Answer[],
  { patient = true, stopAt = Infinity } = {},
): Promise<Asked> {
  const api = await fakeApiServer(t, [])
  api.answer = () => answers[api.requests.length - 1] ?? answers.at(-1)
  const stop = new AbortController()
  const pauses: number[] = []
  const patience = {
    signal: stop.signal,
    async wait(ms: number) {
      pauses.push(ms)
      if (pauses.length >= stopAt) stop.abort()
    },
  }
  const client = createApiClient({
    access: accessTo(api),
    timeoutMs: 10_000,
    ...(patient ? { patience } : {}),
  })
  t.teardown(() => client.close())
  const answer = await client.get({ path: '/api/v1/nodes' })
  return { answer, requests: api.requests.length, pauses }
}

t.test('a busy API server is asked again when it says so', async (t) => {
  const rows: [
    title: string,
    Answer[],
    requests: number,
    pauses: number[],
    end: RegExp,
  ][] = [
    ['once', [busy(429, '1'), good], 2, [1000], /^ok$/],
    ['a fault that will pass', [busy(503, '2'), good], 2, [2000], /^ok$/],
    ['at once', [busy(429, '0'), good], 2, [0], /^ok$/],
    ['without a time', [busy(429), good], 1, [], /answered 429/],
    ['with a time that is none', [busy(429, 'soon'), good], 1, [], /answered 429/],
    ['for what will not pass', [busy(403, '1'), good], 1, [], /forbidden/],
    ['not for long', [busy(429, '31'), good], 1, [], /answered 429/],
    ['not in all', [busy(429, '20')], 2, [20_000], /answered 429/],
    ['not for ever', [busy(429, '1')], 10, Array<number>(9).fill(1000), /answered 429/],
    ['a reset', ['hang up', good], 2, [], /^ok$/],
    ['two resets', ['hang up', 'hang up', good], 2, [], /could not be asked/],
  ]
  for (const [title, answers, requests, pauses, end] of rows) {
    const asked = await ask(t, answers)
    const { answer } = asked
    t.same(asked.pauses, pauses, title)
    t.equal(asked.requests, requests, title)
    t.match(answer.status === 'failed' ? answer.reason : answer.status, end, title)
  }
})

t.test('not after the signal fired', async (t) => {
  const { answer, requests } = await ask(t, [busy(429, '1')], { stopAt: 2 })

  t.equal(requests, 2)
  t.match(answer, { status: 'failed', reason: /answered 429/ })
})

t.test('nor after the client was closed', async (t) => {
  const api = await fakeApiServer(t, [])
  api.answer = () => busy(429, '1')
  const client = createApiClient({
    access: accessTo(api),
    timeoutMs: 10_000,
    patience: {
      signal: new AbortController().signal,
      wait: async () => client.close(),
    },
  })

  t.match(await client.get({ path: '/api/v1/nodes' }), { status: 'failed' })
  t.equal(api.requests.length, 1)
})

t.test('an admission has no time for it', async (t) => {
  for (const first of [busy(429, '0'), 'hang up'] as const) {
    const { answer, requests } = await ask(t, [first, good], { patient: false })
    t.equal(requests, 1)
    t.match(answer, { status: 'failed' })
  }
})

t.test('an audit loses no kind to it', async (t) => {
  const api = await fakeApiServer(t, [])
  let asked = 0
  api.answer = (path) => {
    if (path.endsWith('/deployments')) asked += 1
    if (asked === 1 && path.endsWith('/deployments')) return busy(429, '0')
    return { status: 200, body: { items: [], metadata: {} } }
  }
  const cwd = t.testdir({})
  const cluster = { server: api.url.href, 'insecure-skip-tls-verify': true }
  const kubeconfig = {
    'current-context': 'a',
    clusters: [{ name: 'a', cluster }],
    users: [{ name: 'a', user: { token: 'a' } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  }
  await writeFile(join(cwd, 'kubeconfig'), JSON.stringify(kubeconfig))

  const { stderr } = await runInProcess(['audit', '--kubeconfig', 'kubeconfig'], { cwd })

  t.equal(asked, 2)
  t.notMatch(stderr, '429')
})
