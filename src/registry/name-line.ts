import type { LookupAddress } from 'node:dns'
import { createBoundedCache } from '../cache/bounded-cache.ts'
import type { ResolveName } from './address-guard.ts'

export interface NameLineOptions {
  resolve: ResolveName
  /** Monotonic clock in milliseconds. */
  now: () => number
}

/**
 * The system's resolver runs on libuv's threads, half of which it may take: eight of the image's sixteen. Names come from
 * images, so one Pod with a few hundred names that hang would keep all others from being resolved for minutes.
 */
const STRANGERS_AT_A_TIME = 4
const MAX_WAITING = 1_000
/** Whoever asked has given up by then: the time a connection may take. */
const MAX_WAIT_MS = 4_000
const MAX_KNOWN = 1_000
const MAX_KNOWN_BYTES = 1_048_576
/** A name that took longer is no acquaintance. */
const PROMPT_MS = 1_000

interface Waiting {
  sinceMs: number
  go: () => void
  drop: () => void
}

/**
 * Names that were resolved promptly before are resolved at once; at most four others are under way at a time, the latest asked
 * first, since the oldest are no longer waited for. Equal names at the same time are one question. Nothing is remembered
 * but that a name is known, so that the guard always sees the address of now.
 */
export function createNameLine({ resolve, now }: NameLineOptions): ResolveName {
  const known = createBoundedCache<true>({
    maxEntries: MAX_KNOWN,
    maxBytes: MAX_KNOWN_BYTES,
    sizeOf: () => 0,
  })
  const asked = new Map<string, Promise<LookupAddress[]>>()
  const waiting: Waiting[] = []
  let strangers = 0

  function turn(): Promise<void> {
    if (strangers < STRANGERS_AT_A_TIME) {
      strangers++
      return Promise.resolve()
    }
    if (waiting.length >= MAX_WAITING) waiting.shift()?.drop()
    const { promise, resolve: go, reject } = Promise.withResolvers<void>()
    waiting.push({ sinceMs: now(), go, drop: () => reject(new TooManyNames()) })
    return promise
  }

  /** Whoever is done hands its place over. */
  function next(): void {
    const latest = waiting.pop()
    if (latest === undefined) strangers--
    else if (now() - latest.sinceMs <= MAX_WAIT_MS) return latest.go()
    else {
      strangers--
      for (const { drop } of [latest, ...waiting.splice(0)]) drop()
    }
  }

  async function ask(hostname: string): Promise<LookupAddress[]> {
    const startedMs = now()
    known.delete(hostname)
    const found = await resolve(hostname)
    if (now() - startedMs <= PROMPT_MS) known.set(hostname, true)
    return found
  }

  async function askInTurn(hostname: string): Promise<LookupAddress[]> {
    if (known.has(hostname)) return ask(hostname)
    await turn()
    try {
      return await ask(hostname)
    } finally {
      next()
    }
  }

  return (hostname) => {
    const running = asked.get(hostname)
    if (running !== undefined) return running
    const answer = askInTurn(hostname).finally(() => asked.delete(hostname))
    asked.set(hostname, answer)
    return answer
  }
}

class TooManyNames extends Error {
  readonly code = 'EAI_AGAIN'
  constructor() {
    super('too many names wait to be resolved')
  }
}
