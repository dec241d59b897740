import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import { stringify } from 'yaml'
import { createSelfSigned } from '../src/certificates/self-signed.ts'
import { startDelayedRegistry } from './delayed-registry.ts'
import type { DelayedRegistry } from './delayed-registry.ts'
import type { Seen } from './load.ts'
import { runOn, startServed } from './processes.ts'
import type { Served } from './processes.ts'

// `npm run bench`: everything side by side in one run on loopback; prints docs/performance.md and writes it.

const RUNS = 3
const SECONDS = 1.5
const DELAY_MS = 50
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const directory = await mkdtemp(join(tmpdir(), 'pullgate-bench-'))
const file = (name: string): string => join(directory, name)
const output: string[] = []

function say(line = ''): void {
  console.log(line)
  output.push(line)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function review(images: readonly string[]): object {
  const metadata = { name: 'web', namespace: 'team-a' }
  const containers = images.map((image, index) => ({ name: `c${index}`, image }))
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '5f0ebf2b-5c14-4a4a-9f4a-0b7a4d1a1d10',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      name: 'web',
      namespace: 'team-a',
      operation: 'CREATE',
      userInfo: { username: 'ann', groups: ['system:authenticated'] },
      object: { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  }
}

const made = await createSelfSigned({
  hosts: ['127.0.0.1'],
  nowMs: Date.now(),
  validDays: 1,
})
await writeFile(file('ca.pem'), made.ca)
await writeFile(file('cert.pem'), made.cert)
await writeFile(file('key.pem'), made.key)
const quick = await startDelayedRegistry(0)
const slow = await Promise.all(
  Array.from({ length: 4 }, () => startDelayedRegistry(DELAY_MS)),
)
const slowToken = await startDelayedRegistry(DELAY_MS, { token: true })
const servers: Served[] = []

async function startWebhook(name: string, logLevel: string): Promise<Served> {
  const cluster = file(`cluster-${name}`)
  await mkdir(cluster, { recursive: true })
  await writeFile(
    join(cluster, 'cluster.yaml'),
    stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } }),
  )
  const registries = [
    { host: 'quick.acme.test', endpoint: quick.url },
    ...slow.map(({ url }, index) => ({ host: `slow${index}.acme.test`, endpoint: url })),
    { host: 'token.acme.test', endpoint: slowToken.url },
  ]
  await writeFile(
    file(`${name}.yaml`),
    stringify({
      mode: 'enforce',
      logLevel,
      registries,
      network: { allow: ['127.0.0.1/32'] },
    }),
  )
  const args = ['serve', '--config', file(`${name}.yaml`), '--standalone', cluster]
  const listen = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0']
  const tls = ['--tls-cert', file('cert.pem'), '--tls-key', file('key.pem')]
  const all = [here('../src/main.ts'), ...args, ...listen, ...tls]
  const served = await startServed(all, file(`${name}.log`))
  servers.push(served)
  return served
}

async function load(
  { port }: Served,
  bodyFile: string,
  more: { connections?: number; seconds?: number; perSecond?: number | null } = {},
): Promise<Seen> {
  const options = {
    url: `https://127.0.0.1:${port}/validate?timeout=5s`,
    caFile: file('ca.pem'),
    bodyFile,
    connections: 16,
    seconds: SECONDS,
    perSecond: null,
    ...more,
  }
  const core = availableParallelism() > 1 ? 1 : 0
  return JSON.parse(await runOn(core, [here('load.ts'), JSON.stringify(options)])) as Seen
}

async function bodyOf(count: number): Promise<string> {
  const path = file(`review-${count}.json`)
  const images = Array.from(
    { length: count },
    (_, index) => `quick.acme.test/team/app:${index}`,
  )
  await writeFile(path, JSON.stringify(review(images)))
  return path
}

async function sendTo(served: Served, agent: Agent, images: string[]): Promise<number> {
  const startMs = performance.now()
  const { body } = await request(`https://127.0.0.1:${served.port}/validate?timeout=5s`, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(review(images)),
  })
  const text = await body.text()
  if (!text.includes('"allowed":true')) throw new Error(text)
  return performance.now() - startMs
}

async function throughput(webhook: Served, bare: Served): Promise<number> {
  say('## Warm admissions a second, one core (a)')
  say()
  say('| Images | Bare server | Pullgate | Ratio | Goal |')
  say('| --- | --- | --- | --- | --- |')
  let saturating = 0
  // The first seconds of a process are its compiler's.
  for (const server of [bare, webhook])
    await load(server, await bodyOf(1), { seconds: 4 })
  for (const [images, goal] of [
    [1, 0.6],
    [10, 0.5],
  ] as const) {
    const body = await bodyOf(images)
    const ours: number[] = []
    const theirs: number[] = []
    for (let run = 0; run < RUNS; run++) {
      theirs.push((await load(bare, body)).perSecond)
      ours.push((await load(webhook, body)).perSecond)
    }
    if (images === 1) saturating = median(ours)
    const ratio = median(ours.map((each, run) => each / (theirs[run] ?? Infinity)))
    const [left, right] = [median(theirs).toFixed(0), median(ours).toFixed(0)]
    say(`| ${images} | ${left} | ${right} | ${ratio.toFixed(2)} | ${goal} |`)
  }
  say()
  return saturating
}

async function latency(webhook: Served, bare: Served, saturating: number): Promise<void> {
  const body = await bodyOf(1)
  const perSecond = Math.max(10, Math.floor(saturating / 2))
  say(`## Warm latency at ${perSecond} a second, half of the saturating rate (b)`)
  say()
  say('| | p50 | p99 |')
  say('| --- | --- | --- |')
  for (const [name, server] of [
    ['bare server', bare],
    ['Pullgate', webhook],
  ] as const) {
    const seen: Seen[] = []
    for (let run = 0; run < RUNS; run++)
      seen.push(await load(server, body, { perSecond }))
    const p50 = median(seen.map(({ p50Ms }) => p50Ms)).toFixed(2)
    const p99 = median(seen.map(({ p99Ms }) => p99Ms)).toFixed(2)
    say(`| ${name} | ${p50} ms | ${p99} ms |`)
  }
  say()
}

async function cold(webhook: Served, agent: Agent): Promise<void> {
  say(`## Cold decisions, a registry ${DELAY_MS} ms away (c, d)`)
  say()
  say('| What | Round trips taken | Ideal | Requests |')
  say('| --- | --- | --- | --- |')
  const cases: [string, number, (run: number) => string[], DelayedRegistry[]][] = [
    ['a new tag, known registry', 1, (run) => [`slow0.acme.test/a:${run}`], slow],
    ['unknown token registry', 3, (run) => [`token.acme.test/a${run}:1`], [slowToken]],
    [
      '20 images, four registries',
      1,
      (run) =>
        Array.from({ length: 20 }, (_, at) => `slow${at % 4}.acme.test/b${run}:${at}`),
      slow,
    ],
  ]
  const warmUp = slow.map((_, index) => `slow${index}.acme.test/a:warm`)
  await sendTo(webhook, agent, warmUp)
  for (const [name, ideal, images, asked] of cases) {
    const count = (): number => asked.reduce((sum, each) => sum + each.count(), 0)
    const before = count()
    const took: number[] = []
    for (let run = 0; run < 9; run++) took.push(await sendTo(webhook, agent, images(run)))
    const requests = (count() - before) / 9
    say(`| ${name} | ${(median(took) / DELAY_MS).toFixed(2)} | ${ideal} | ${requests} |`)
  }
  say()
}

async function growth(webhook: Served): Promise<void> {
  say('## How cost grows with containers, warm, one at a time (g)')
  say()
  say('| Containers | p50 |')
  say('| --- | --- |')
  for (const count of [1, 10, 50, 100]) {
    const { p50Ms } = await load(webhook, await bodyOf(count), { connections: 1 })
    say(`| ${count} | ${p50Ms.toFixed(2)} ms |`)
  }
  say()
}

async function memory(webhook: Served, agent: Agent): Promise<void> {
  say('## Memory, standalone (f, short)')
  say()
  for (let at = 0; at < 10_000; at += 50) {
    const images = Array.from(
      { length: 50 },
      (_, index) => `quick.acme.test/m:${at + index}`,
    )
    await sendTo(webhook, agent, images)
  }
  const { body } = await request(`http://127.0.0.1:${webhook.metricsPort}/metrics`)
  const rss = /^process_resident_memory_bytes (\S+)$/m.exec(await body.text())?.[1]
  const mebibytes = (Number(rss) / 2 ** 20).toFixed(0)
  say(
    `RSS after the load above and 10,000 distinct references: ${mebibytes} MiB. Goal: under 150.`,
  )
}

try {
  const bare = await startServed(
    [here('bare-server.ts'), file('cert.pem'), file('key.pem')],
    file('bare.log'),
  )
  servers.push(bare)
  const webhook = await startWebhook('webhook', 'info')
  const agent = new Agent({ connect: { ca: made.ca }, allowH2: false })
  say('# Performance')
  say()
  say(
    'Written by `npm run bench`, which runs all of it side by side on loopback; figures',
  )
  say(`are medians of ${RUNS} runs, and ratios say more than absolute numbers.`)
  say(`Node ${process.version}, ${availableParallelism()} cores shared with other work.`)
  say()
  const saturating = await throughput(webhook, bare)
  await latency(webhook, bare, saturating)
  await cold(webhook, agent)
  await growth(webhook)
  await memory(webhook, agent)
  say()
  say('Goals that are missed here have no profile yet.')
  await agent.close()
  await writeFile(here('../docs/performance.md'), `${output.join('\n')}\n`)
} finally {
  for (const served of servers) served.stop()
  for (const registry of [quick, slowToken, ...slow]) registry.close()
  await rm(directory, { recursive: true, force: true })
}
