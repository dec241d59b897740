import type { Fact } from '../prediction/cluster-facts.ts'
import type { Fields } from '../json/fields.ts'
import type { ApiClient } from './api-client.ts'
import { nameOf } from './api-get.ts'
import { listObjects, PAGE_SIZE } from './api-list.ts'
import { fieldsOrEmpty, textOrEmpty } from './lenient-fields.ts'
import type { WatchEnd, WatchEvent } from './watch-stream.ts'

export interface WatchedListOptions<T> {
  client: ApiClient
  /** Of a cluster-wide kind whose objects have no namespace. */
  path: string
  maxPages: number
  /** What is kept of an object. */
  read: (fields: Fields) => T
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** From 0 to 1, so that replicas do not come back in step. */
  random: () => number
  /** Ends early, and does not reject, when the signal fires. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

export interface WatchedList<T> {
  /** Everything, as the API server last told it; null while the watch is down for longer than a moment, for `fresh` at once. */
  current(fresh: boolean): readonly T[] | null
  /** Resolves when the signal has fired. */
  ended: Promise<void>
}

/** The server ends a watch after this, give or take a quarter, so that replicas do not come back in step. */
const WATCH_SECONDS = 300
/** Bookmarks come about every minute; what is silent for longer than two is dead. */
const SILENCE_MS = 150_000
/** How long after the last sign of life the answer still counts. */
const TRUST_MS = 90_000
/** And how long after a watch that broke off: enough to come back, and no longer than a list was kept before. */
const GAP_MS = 10_000
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 60_000
/** A resourceVersion that fails this often is given up: a restored etcd does not know it, and need not say 410. */
const MAX_TRIES = 4

/**
 * A list that is kept up to date by a watch (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
 * It comes back by itself: from the last resourceVersion where it can, with a new list where that is too old (410), and more
 * slowly each time that it fails at once. Bounded by `maxPages` of the list: beyond it there is no answer, and no watch.
 */
export function watchList<T>(options: WatchedListOptions<T>): WatchedList<T> {
  const { client, path, now, signal } = options
  const objects = new Map<string, T>()
  /** The same array for everyone until something changes: a review of a large cluster shall not have to copy it. */
  let shown: readonly T[] | null = null
  let version = ''
  let isOpen = false
  let lastSignMs = -Infinity
  let failures = 0
  let isCut = false
  const maxObjects = options.maxPages * PAGE_SIZE

  function sign(): void {
    lastSignMs = now()
  }

  async function list(): Promise<boolean> {
    const fresh = new Map<string, T>()
    const listed: Fact<string> = await listObjects(
      client,
      { path, maxPages: options.maxPages },
      {
        reset: () => fresh.clear(),
        take: (fields) => fresh.set(nameOf(fields), options.read(fields)),
      },
    )
    if (listed.status !== 'known' || listed.value === '') return false
    shown = null
    objects.clear()
    for (const [name, value] of fresh) objects.set(name, value)
    isCut = false
    version = listed.value
    sign()
    return true
  }

  function take({ type, object }: WatchEvent): void {
    sign()
    failures = 0
    const name = nameOf(object)
    if (type !== 'BOOKMARK') shown = null
    if (type === 'DELETED') objects.delete(name)
    else if (type !== 'BOOKMARK') {
      if (objects.has(name) || objects.size < maxObjects)
        objects.set(name, options.read(object))
      else isCut = true
    }
    const told = textOrEmpty(fieldsOrEmpty(object.metadata).resourceVersion)
    if (told !== '') version = told
  }

  async function follow(): Promise<WatchEnd> {
    const timeoutSeconds = Math.round(WATCH_SECONDS * (0.75 + options.random() / 2))
    const end = await client.watch({
      path,
      resourceVersion: version,
      timeoutSeconds,
      silenceMs: SILENCE_MS,
      signal,
      onOpen() {
        isOpen = true
        sign()
      },
      onEvent: take,
    })
    isOpen = false
    return end
  }

  async function once(): Promise<void> {
    if (version === '' && !(await list())) {
      failures += 1
      return
    }
    const openedMs = now()
    const end = await follow()
    if (now() - openedMs > MAX_BACKOFF_MS) failures = 0
    // A server that ends each watch at once is not to be asked at once again.
    if (end.status !== 'ended' || now() - openedMs <= MAX_BACKOFF_MS) failures += 1
    // Without the right to watch, a list would be read for nothing.
    const isAllowed = end.status !== 'failed' || end.reason !== 'forbidden'
    if (end.status === 'expired' || (isAllowed && failures >= MAX_TRIES)) version = ''
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await once()
      if (failures > 0 && !signal.aborted) await options.wait(backoffMs(), signal)
    }
    shown = null
    objects.clear()
    lastSignMs = -Infinity
  }

  function backoffMs(): number {
    const limitMs = FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 10)
    return Math.min(limitMs, MAX_BACKOFF_MS) * (0.5 + options.random() / 2)
  }

  return {
    current(fresh) {
      if (isCut || (fresh && !isOpen)) return null
      const trustMs = isOpen ? TRUST_MS : GAP_MS
      return now() - lastSignMs < trustMs ? (shown ??= [...objects.values()]) : null
    },
    ended: run(),
  }
}
