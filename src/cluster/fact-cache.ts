import { createBoundedCache, jsonBytes } from '../cache/bounded-cache.ts'
import type { Fact, ReadOptions } from '../prediction/cluster-facts.ts'
import { valueBefore } from '../time/value-before.ts'

/** How long an answer serves. */
export interface FactTtl {
  knownMs: number
  absentMs: number
  /** For what could not be had: long enough not to press a server that is in trouble. */
  unknownMs: number
  /** What `fresh` still accepts; 0 asks anew every time. */
  freshMs: number
}

export interface FactCacheOptions<T> {
  maxEntries: number
  /** Over all keys and values together. */
  maxBytes: number
  /** Some bytes of one value; its length as JSON unless given. */
  sizeOf?: (value: T) => number
  ttl: FactTtl
  now: () => number
  /** Asks the source. Has a deadline of its own and never rejects. */
  load(key: string): Promise<Fact<T>>
}

export interface FactCache<T> {
  /** Unknown when the caller's signal fires first; what was asked goes on for others and for later. */
  read(key: string, options: ReadOptions): Promise<Fact<T>>
}

interface Entry<T> {
  fact: Fact<T>
  /** When the source was asked, not when it answered. */
  askedAtMs: number
}

/** There is one, which the pages of its list bound; a part of it would be no answer. */
export const oneList = {
  maxEntries: 1,
  maxBytes: Number.MAX_SAFE_INTEGER,
  sizeOf: () => 0,
} as const

/** Reasons that were not had, and their like. */
const SMALL_BYTES = 300

/** Answers by key, each asked for once at a time. lru-cache's own fetch() would let one caller's signal end the others' wait. */
export function createFactCache<T>(options: FactCacheOptions<T>): FactCache<T> {
  const { ttl, now, maxEntries, maxBytes, sizeOf = jsonBytes } = options
  const entries = createBoundedCache<Entry<T>>({
    maxEntries,
    maxBytes,
    sizeOf: ({ fact }) => (fact.status === 'known' ? sizeOf(fact.value) : SMALL_BYTES),
  })
  const pending = new Map<string, { promise: Promise<Fact<T>>; askedAtMs: number }>()

  function cached(key: string, fresh: boolean): Fact<T> | null {
    const entry = entries.get(key)
    if (entry === undefined) return null
    const limitMs = ttlOf(entry.fact, ttl)
    const maxAgeMs = fresh ? Math.min(limitMs, ttl.freshMs) : limitMs
    return now() - entry.askedAtMs < maxAgeMs ? entry.fact : null
  }

  function ask(key: string): Promise<Fact<T>> {
    const askedAtMs = now()
    const promise = options.load(key).then((fact) => {
      if (pending.get(key)?.promise === promise) pending.delete(key)
      const older = entries.peek(key)
      if (older === undefined || older.askedAtMs <= askedAtMs) {
        entries.set(key, { fact, askedAtMs })
      }
      return fact
    })
    pending.set(key, { promise, askedAtMs })
    return promise
  }

  /** A question under way serves who needs no fresher one. */
  function join(key: string, fresh: boolean): Promise<Fact<T>> | null {
    const under = pending.get(key)
    if (under === undefined) return null
    if (fresh && now() - under.askedAtMs >= ttl.freshMs) return null
    return under.promise
  }

  return {
    async read(key, { fresh, signal }) {
      if (signal.aborted) return tooLate
      const fact = cached(key, fresh)
      if (fact !== null) return fact
      return orTooLate(join(key, fresh) ?? ask(key), signal)
    },
  }
}

/** What a caller whose time is up gets. */
export const tooLate = {
  status: 'unknown',
  reason: 'the API server did not answer in time',
} as const

function ttlOf<T>(fact: Fact<T>, ttl: FactTtl): number {
  const limits = { known: ttl.knownMs, absent: ttl.absentMs, unknown: ttl.unknownMs }
  return limits[fact.status]
}

/** The fact, or `tooLate` as soon as the signal fires. */
export function orTooLate<T>(
  promise: Promise<Fact<T>>,
  signal: AbortSignal,
): Promise<Fact<T>> {
  return valueBefore(signal, promise, () => tooLate)
}
