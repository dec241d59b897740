import { createBoundedCache, jsonBytes } from '../../cache/bounded-cache.ts'
import type { CacheUse } from '../../cache/cache-use.ts'
import {
  createCredentialFingerprint,
  usableCredential,
} from '../../registry/credential-fingerprint.ts'
import type { CredentialFingerprint } from '../../registry/credential-fingerprint.ts'
import type {
  LookupRequest,
  LookupResult,
  RegistryClient,
} from '../../registry/lookup.ts'
import { noEvidence } from '../../registry/no-evidence.ts'
import { isTooOldToJoin, MAX_REFUSAL_AGE_MS } from '../../registry/refusal-age.ts'
import { withDeadline } from '../../time/deadline.ts'
import { valueBefore } from '../../time/value-before.ts'
import { isRefusal, lifetimeOf } from './answer-lifetime.ts'
import type { AnswerLifetimes } from './answer-lifetime.ts'

export interface LookupCacheOptions extends AnswerLifetimes {
  client: Pick<RegistryClient, 'lookup'>
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** Answers kept at most, and their bytes together. */
  maxEntries: number
  maxBytes: number
  /** A look-up that all its callers left is ended after this many milliseconds. */
  lookupTimeoutMs: number
  onUse?: (use: CacheUse) => void
}

export interface CachedLookupRequest extends LookupRequest {
  /**
   * No answer may be older than a refusal that denies: a tag moves, what a registry holds changes, and an account that was
   * rejected may have been made or unlocked since.
   */
  fresh?: boolean
  /** Told when the question was asked that the answer is to, in milliseconds of the cache's clock. */
  onAnswer?: (askedAtMs: number) => void
}

/** A look-up that may come from memory. */
export interface CachedLookup {
  lookup(request: CachedLookupRequest): Promise<LookupResult>
}

/**
 * The same memory for questions whose answers refuse: no answer is older than a refusal that denies. `onAnswer` is told when each was
 * asked for.
 */
export function freshly(
  lookups: CachedLookup,
  onAnswer: (askedAtMs: number) => void = () => {},
): CachedLookup {
  return {
    lookup: (request) => lookups.lookup({ ...request, fresh: true, onAnswer }),
  }
}

/** A tag that was found may be told for so many times its own time, while one look-up finds out whether it still holds. */
const STALE_FACTOR = 2

interface Answer {
  result: LookupResult
  askedAtMs: number
}

interface Entry extends Answer {
  /** After this it is told once more to whoever asks, and asked for again behind their back. */
  refreshAtMs: number
}

interface Flight {
  answer: Promise<Answer>
  askedAtMs: number
}

/**
 * Remembers look-ups, bounded in entries and bytes, and lets equal look-ups under way share one exchange (each of them belongs to
 * a caller or ends by its own time, which bounds them). Keys hold a keyed fingerprint of the credential, so that what one
 * namespace's secret opens is never answered to another, and nothing secret is kept.
 */
export function createLookupCache(options: LookupCacheOptions): CachedLookup {
  const { now, maxEntries, maxBytes } = options
  const fingerprint = createCredentialFingerprint()
  const entries = createBoundedCache<Entry>({
    maxEntries,
    maxBytes,
    sizeOf: ({ result }) => jsonBytes(result),
    now,
  })
  const flights = new Map<string, Flight>()

  function start(keys: Keys, request: LookupRequest): Flight {
    const askedAtMs = now()
    // Never the caller's signal: whoever joins must not be interrupted because the first caller gave up.
    const answer = withDeadline(options.lookupTimeoutMs, (signal) =>
      options.client.lookup({ ...request, signal }),
    ).then(
      (result) => {
        settle(keys.key, flight)
        const told = { result, askedAtMs: oldestOf(result, askedAtMs) }
        remember(keys, request, told)
        return told
      },
      (error: unknown) => {
        settle(keys.key, flight)
        throw error
      },
    )
    const flight: Flight = { answer, askedAtMs }
    flights.set(keys.key, flight)
    return flight
  }

  function remember(
    { key, plainKey }: Keys,
    request: LookupRequest,
    { result, askedAtMs }: Answer,
  ): void {
    const known = entries.get(key)
    // Of two that were under way together the one that was asked last is right, whichever was answered last.
    if (known !== undefined && known.askedAtMs > askedAtMs) return
    const answeredAtMs = now()
    const ttlMs = lifetimeOf(result, request, { askedAtMs, answeredAtMs }, options)
    const entry = { result, askedAtMs, refreshAtMs: answeredAtMs + ttlMs }
    if (result.outcome === 'found') {
      const isTag = request.reference.digest === null
      entries.set(key, entry, isTag ? ttlMs * STALE_FACTOR : ttlMs)
      return
    }
    if (known?.result.outcome === 'found') {
      // An outage takes nothing back; the next refresh waits as long as any look-up that failed.
      if (!isRefusal(result)) {
        known.refreshAtMs = answeredAtMs + options.errorTtlMs
        return
      }
      entries.delete(key)
    }
    // Platforms only matter for what is there: a refusal holds whatever the nodes are.
    if (ttlMs > 0) entries.set(plainKey, entry, ttlMs)
  }

  /** Behind the back of whoever was told the old answer. A fault is for the next who has to wait. */
  function refresh(keys: Keys, request: LookupRequest): void {
    if (!flights.has(keys.key)) start(keys, request).answer.catch(() => {})
  }

  function settle(key: string, flight: Flight): void {
    if (flights.get(key) === flight) flights.delete(key)
  }

  function remembered({ key, plainKey }: Keys, isFresh: boolean): Entry | null {
    const entry = entries.get(key) ?? asRefusal(entries.get(plainKey))
    if (entry === null) return null
    const isOld = now() - entry.askedAtMs > MAX_REFUSAL_AGE_MS
    return isFresh && isOld ? null : entry
  }

  /** One that is under way already, or one that begins now. */
  function flightFor(keys: Keys, request: LookupRequest): Flight {
    const running = flights.get(keys.key)
    const isLate = running && now() - running.askedAtMs > MAX_REFUSAL_AGE_MS
    const shared = isLate ? undefined : running
    options.onUse?.(shared ? 'shared' : 'miss')
    return shared ?? start(keys, request)
  }

  async function asked(
    keys: Keys,
    request: LookupRequest,
    isFresh: boolean,
  ): Promise<Answer> {
    const joinedAtMs = now()
    const answer = await flightFor(keys, request).answer
    if (!isRefusal(answer.result)) return answer
    const { askedAtMs } = answer
    const newer = entries.get(keys.key)
    if (newer !== undefined && newer.askedAtMs > askedAtMs) return newer
    const isOld =
      isFresh && isTooOldToJoin({ askedAtMs, joinedAtMs, answeredAtMs: now() })
    // Whatever is under way by now was asked after this one came.
    return isOld && !request.signal.aborted ? flightFor(keys, request).answer : answer
  }

  return {
    lookup({ fresh: isFresh = false, onAnswer, ...request }) {
      const keys = cacheKeys(request, fingerprint)
      const known = remembered(keys, isFresh)
      if (known !== null) {
        const isStale = now() > known.refreshAtMs
        options.onUse?.(isStale ? 'stale' : 'hit')
        if (isStale) refresh(keys, request)
        onAnswer?.(known.askedAtMs)
        return Promise.resolve(known.result)
      }
      const answer = asked(keys, request, isFresh).then(({ result, askedAtMs }) => {
        onAnswer?.(askedAtMs)
        return result
      })
      return valueBefore(request.signal, answer, () => ({
        outcome: 'interrupted',
        evidence: noEvidence(request.reference.registry),
      }))
    },
  }
}

interface Keys {
  key: string
  /** Without platforms. */
  plainKey: string
}

function cacheKeys(request: LookupRequest, fingerprint: CredentialFingerprint): Keys {
  const { reference, credential, platforms = [] } = request
  const who = fingerprint(usableCredential(credential))
  const plainKey = `${reference.pullReference} ${who}`
  return { key: [plainKey, ...platforms.toSorted()].join(' '), plainKey }
}

/** A token request that another look-up had sent is a part of the question. */
function oldestOf({ evidence }: LookupResult, askedAtMs: number): number {
  return Math.min(askedAtMs, evidence.joinedMs ?? askedAtMs)
}

/** An image that was found without a look at platforms is not what was asked for with them. */
function asRefusal(known: Entry | undefined): Entry | null {
  return known === undefined || known.result.outcome === 'found' ? null : known
}
