import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectTo } from './kept-connection.ts'
import type { KeptConnection } from './kept-connection.ts'

// Sends one body again and again over kept connections, as an API server does, and prints what it saw as JSON. With `varied` some
// bodies have another image.
// Usage: load.ts '{"port":8443,"caFile":"...","bodyFile":"...","connections":16,"seconds":2,"perSecond":null,"warmUpSeconds":1}'

export interface Load {
  port: number
  caFile: string
  bodyFile: string
  connections: number
  seconds: number
  /** null: as fast as they are answered. */
  perSecond: number | null
  /** Sent as fast as they are answered before anything is counted. */
  warmUpSeconds: number
  /** An image of the body: one request in ten asks for a new tag of it, each tenth of these for one that is missing. */
  varied?: string
}

export interface Seen {
  /** Requests counted, and all that were sent, the warm-up's included. */
  requests: number
  sent: number
  /** Of all that were sent: how many asked for a missing image, and how many of these were denied. */
  missing: number
  denied: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** How late this process itself was for a request that was due, at worst: a stall of the client is none of the server. */
  clientLateMs: number
}

const load = JSON.parse(process.argv[2] ?? '') as Load
const body = readFileSync(load.bodyFile)

function requestOf(sentBody: Buffer): Buffer {
  const head = [
    'POST /validate?timeout=5s HTTP/1.1',
    `Host: 127.0.0.1:${load.port}`,
    'User-Agent: kube-apiserver-admission',
    `Content-Length: ${sentBody.length}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), sentBody])
}

const NEW_EVERY = 10
const MISSING_EVERY = 100
const request = requestOf(body)
/** Each load has tags of its own. */
const startedAt = Date.now().toString(36)
let sent = 0
let missing = 0
let denied = 0

/** Null for the body as it is. */
function anotherTag(): string | null {
  sent++
  if (load.varied === undefined || sent % NEW_EVERY > 0) return null
  const isMissing = sent % MISSING_EVERY === 0
  if (isMissing) missing++
  return `${isMissing ? 'missing' : 'new'}-${startedAt}-${sent}`
}

const allowed = '"allowed":true'
const ca = readFileSync(load.caFile, 'utf8')
const connections = await Promise.all(
  Array.from({ length: load.connections }, () => connectTo({ port: load.port, ca })),
)
let tookMs: number[] = []
let clientLateMs = 0

async function send(connection: KeptConnection, dueMs: number): Promise<void> {
  const tag = anotherTag()
  const answer = await connection.ask(tag === null ? request : withTag(tag))
  if (!answer.includes(allowed)) {
    if (!tag?.startsWith('missing')) throw new Error(answer)
    denied++
  }
  tookMs.push(performance.now() - dueMs)
}

function withTag(tag: string): Buffer {
  const { varied = '' } = load
  const other = `${varied.slice(0, varied.lastIndexOf(':'))}:${tag}`
  return requestOf(Buffer.from(body.toString('utf8').replaceAll(varied, other)))
}

async function saturate(seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000
  const worker = async (connection: KeptConnection): Promise<void> => {
    while (performance.now() < endMs) await send(connection, performance.now())
  }
  await Promise.all(connections.map(worker))
}

/** Each is due at its time whether or not the ones before are answered: waiting for a free connection counts. */
async function pace(seconds: number, perSecond: number): Promise<void> {
  const startMs = performance.now()
  const total = Math.floor(seconds * perSecond)
  let next = 0
  const worker = async (connection: KeptConnection): Promise<void> => {
    while (next < total) {
      const dueMs = startMs + (next++ * 1000) / perSecond
      const waitMs = dueMs - performance.now()
      if (waitMs > 0) {
        await sleep(waitMs)
        clientLateMs = Math.max(clientLateMs, performance.now() - dueMs)
      }
      // A timer's grain is no latency of the server.
      await send(connection, waitMs > 0 ? performance.now() : dueMs)
    }
  }
  await Promise.all(connections.map(worker))
}

await saturate(load.warmUpSeconds)
const warmedUp = tookMs.length
tookMs = []
const startMs = performance.now()
await (load.perSecond === null
  ? saturate(load.seconds)
  : pace(load.seconds, load.perSecond))
const seconds = (performance.now() - startMs) / 1000
for (const connection of connections) connection.close()
tookMs.sort((left, right) => left - right)
const at = (share: number): number => tookMs[Math.floor(tookMs.length * share)] ?? 0
const seen: Seen = {
  requests: tookMs.length,
  sent: warmedUp + tookMs.length,
  missing,
  denied,
  perSecond: tookMs.length / seconds,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  clientLateMs,
}
console.log(JSON.stringify(seen))
