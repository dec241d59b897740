import { LRUCache } from 'lru-cache'

export interface BoundedCacheOptions<Value> {
  maxEntries: number
  /** Over all keys and values together. */
  maxBytes: number
  /** Some bytes too many rather than too few; without the key. */
  sizeOf: (value: Value) => number
  /** Milliseconds of a clock that never goes back; for entries with a `ttl`. */
  now?: () => number
}

export interface BoundedCache<Value> {
  get(key: string): Value | undefined
  /** As get, without making the entry a recent one. */
  peek(key: string): Value | undefined
  has(key: string): boolean
  /** Without `ttlMs` it stays until there is no room for it. A value larger than the whole cache is not kept. */
  set(key: string, value: Value, ttlMs?: number): void
  delete(key: string): void
  /** What is kept now, the most recently used first. */
  entries(): Iterable<[key: string, value: Value]>
  /** For tests and metrics. */
  size(): { entries: number; bytes: number }
}

/** What an entry costs beside its text: lru-cache's own arrays and a Map's slot. */
const ENTRY_BYTES = 200

/**
 * The one way in which things are remembered: the least recently used go first, and no list of names that somebody makes up
 * can grow it past either bound. Never lru-cache's own fetch(): there one caller's signal ends the wait of all who joined.
 */
export function createBoundedCache<Value extends {}>({
  maxEntries,
  maxBytes,
  sizeOf,
  now = () => 0,
}: BoundedCacheOptions<Value>): BoundedCache<Value> {
  const entries = new LRUCache<string, Value>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: (value, key) => ENTRY_BYTES + key.length + Math.ceil(sizeOf(value)),
    // An entry that starts at 0 would never end.
    perf: { now: () => now() + 1 },
    ttlResolution: 0,
  })
  return {
    get: (key) => entries.get(key),
    peek: (key) => entries.peek(key),
    has: (key) => entries.has(key),
    set(key, value, ttlMs) {
      // lru-cache takes 0 for "for ever".
      if (ttlMs !== undefined && ttlMs <= 0) entries.delete(key)
      else entries.set(key, value, ttlMs === undefined ? {} : { ttl: ttlMs })
    },
    delete: (key) => void entries.delete(key),
    entries: () => entries.entries(),
    size: () => ({ entries: entries.size, bytes: entries.calculatedSize }),
  }
}

/** The length as JSON, for plain values: most text is a byte a character, and an object's slots are about its punctuation. */
export function jsonBytes(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0
}
