import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'

// Sends one body again and again over kept connections, as an API server does, and prints what it saw as JSON.
// Usage: load.ts '{"url":"...","caFile":"...","bodyFile":"...","connections":16,"seconds":2,"perSecond":null}'

interface Load {
  url: string
  caFile: string
  bodyFile: string
  connections: number
  seconds: number
  /** null: as fast as they are answered. */
  perSecond: number | null
}

export interface Seen {
  perSecond: number
  p50Ms: number
  p99Ms: number
}

const load = JSON.parse(process.argv[2] ?? '') as Load
const url = new URL(load.url)
const body = readFileSync(load.bodyFile)
const agent = new Agent({
  connect: { ca: readFileSync(load.caFile, 'utf8') },
  connections: load.connections,
  allowH2: false,
})
const tookMs: number[] = []

async function send(dueMs: number): Promise<void> {
  const answer = await agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const text = await answer.body.text()
  if (!text.includes('"allowed":true')) throw new Error(text)
  tookMs.push(performance.now() - dueMs)
}

async function saturate(endMs: number): Promise<void> {
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs) await send(performance.now())
  }
  await Promise.all(Array.from({ length: load.connections }, worker))
}

/** Whether or not the ones before are answered; a late start counts as waiting. */
async function pace(startMs: number, endMs: number, perSecond: number): Promise<void> {
  const sent: Promise<void>[] = []
  for (let dueMs = startMs; dueMs < endMs; dueMs += 1000 / perSecond) {
    const waitMs = dueMs - performance.now()
    if (waitMs > 1) await sleep(waitMs)
    sent.push(send(dueMs))
  }
  await Promise.all(sent)
}

await saturate(performance.now() + 300)
tookMs.length = 0
const startMs = performance.now()
const endMs = startMs + load.seconds * 1000
await (load.perSecond === null ? saturate(endMs) : pace(startMs, endMs, load.perSecond))
const seconds = (performance.now() - startMs) / 1000
tookMs.sort((left, right) => left - right)
const at = (share: number): number => tookMs[Math.floor(tookMs.length * share)] ?? 0
const seen: Seen = {
  perSecond: tookMs.length / seconds,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
}
console.log(JSON.stringify(seen))
await agent.close()
