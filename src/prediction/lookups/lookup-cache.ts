import { LRUCache } from 'lru-cache'
import {
  createCredentialFingerprint,
  usableCredential,
} from '../../registry/credential-fingerprint.ts'
import type { CredentialFingerprint } from '../../registry/credential-fingerprint.ts'
import type {
  LookupRequest,
  LookupResult,
  RegistryClient,
  UnauthorizedReason,
} from '../../registry/lookup.ts'
import { noEvidence } from '../../registry/no-evidence.ts'
import { valueBefore } from '../../time/value-before.ts'

export interface LookupCacheOptions {
  client: Pick<RegistryClient, 'lookup'>
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** Entries kept at most. */
  maxEntries: number
  /** How long an image found by digest, or by tag, is remembered, in milliseconds. */
  digestTtlMs: number
  tagTtlMs: number
  /** How long a refusal is remembered, in milliseconds; never more than two seconds, since a refusal that denies is fresh. */
  refusalTtlMs: number
  /** How long a failure to get an answer is remembered, in milliseconds. */
  errorTtlMs: number
  /** A look-up that all its callers left is ended after this many milliseconds. */
  lookupTimeoutMs: number
  /** Told of every answer that came from memory (`hit`), was joined while under way (`shared`), or was asked (`miss`). */
  onUse?: (use: 'hit' | 'shared' | 'miss') => void
}

export interface CachedLookupRequest extends LookupRequest {
  /**
   * What was found may not be older than a refusal may: a tag moves, and what a registry holds changes. Refusals come from
   * memory all the same, since they never are.
   */
  fresh?: boolean
}

/** A look-up that may come from memory. */
export interface CachedLookup {
  lookup(request: CachedLookupRequest): Promise<LookupResult>
}

/** The same memory for questions whose answers refuse: nothing that was found is older than a refusal. */
export function freshly(lookups: CachedLookup): CachedLookup {
  return { lookup: (request) => lookups.lookup({ ...request, fresh: true }) }
}

/** A not-found that denies is never older than this. */
const MAX_REFUSAL_AGE_MS = 2_000

/** A rejected credential is not sent again for this long: registries lock accounts. A changed Secret is another credential. */
const REJECTED_CREDENTIAL_MS = 30_000

/** The credential itself was refused; any other 401 may be about a repository that is pushed or opened a moment later. */
const REJECTED: ReadonlySet<UnauthorizedReason> = new Set(['rejected', 'token-refused'])

/** A tag that was found may be told for so many times its own time, while one look-up finds out whether it still holds. */
const STALE_FACTOR = 2

interface Entry {
  result: LookupResult
  answeredAtMs: number
  /** After this it is told once more to whoever asks, and asked for again behind their back. */
  refreshAtMs: number
}

interface Flight {
  answer: Promise<LookupResult>
  startedAtMs: number
}

/**
 * Remembers look-ups, bounded in entries, and lets equal look-ups under way share one exchange. Keys hold a keyed fingerprint
 * of the credential, so that what one namespace's secret opens is never answered to another, and nothing secret is kept.
 */
export function createLookupCache(options: LookupCacheOptions): CachedLookup {
  const fingerprint = createCredentialFingerprint()
  const entries = new LRUCache<string, Entry>({
    max: options.maxEntries,
    perf: { now: options.now },
    ttlResolution: 0,
  })
  const flights = new Map<string, Flight>()

  function start({ key, plainKey }: Keys, request: LookupRequest): Flight {
    // Never the caller's signal: whoever joins must not be interrupted because the first caller gave up.
    const signal = AbortSignal.timeout(options.lookupTimeoutMs)
    const answer = options.client.lookup({ ...request, signal }).then(
      (result) => {
        settle(key, flight)
        remember({ key, plainKey }, request, result)
        return result
      },
      (error: unknown) => {
        settle(key, flight)
        throw error
      },
    )
    const flight: Flight = { answer, startedAtMs: options.now() }
    flights.set(key, flight)
    return flight
  }

  function remember(
    { key, plainKey }: Keys,
    request: LookupRequest,
    result: LookupResult,
  ): void {
    const ttl = timeToLive(result, request, options)
    const answeredAtMs = options.now()
    const entry = { result, answeredAtMs, refreshAtMs: answeredAtMs + ttl }
    if (result.outcome === 'found') {
      const isTag = request.reference.digest === null
      entries.set(key, entry, { ttl: isTag ? ttl * STALE_FACTOR : ttl })
      return
    }
    const stale = entries.get(key)
    if (stale?.result.outcome === 'found') {
      // An outage takes nothing back; the next refresh waits as long as any look-up that failed.
      if (!REFUSALS.has(result.outcome)) {
        stale.refreshAtMs = answeredAtMs + options.errorTtlMs
        return
      }
      entries.delete(key)
    }
    // Platforms only matter for what is there: a refusal holds whatever the nodes are.
    if (ttl > 0) entries.set(plainKey, entry, { ttl })
  }

  /** Behind the back of whoever was told the old answer. A fault is for the next who has to wait. */
  function refresh(keys: Keys, request: LookupRequest): void {
    const entry = entries.get(keys.key)
    if (entry === undefined || options.now() <= entry.refreshAtMs) return
    if (!flights.has(keys.key)) start(keys, request).answer.catch(() => {})
  }

  function settle(key: string, flight: Flight): void {
    if (flights.get(key) === flight) flights.delete(key)
  }

  function remembered({ key, plainKey }: Keys, isFresh: boolean): LookupResult | null {
    const entry = entries.get(key)
    if (entry === undefined) return refusal(entries.get(plainKey)?.result)
    const { result, answeredAtMs } = entry
    const isOld = options.now() - answeredAtMs > MAX_REFUSAL_AGE_MS
    return isFresh && isOld && result.outcome === 'found' ? null : result
  }

  return {
    lookup({ fresh: isFresh = false, ...request }) {
      const keys = cacheKeys(request, fingerprint)
      const { key } = keys
      const known = remembered(keys, isFresh)
      if (known) {
        options.onUse?.('hit')
        refresh(keys, request)
        return Promise.resolve(known)
      }
      const running = flights.get(key)
      const fresh = running && options.now() - running.startedAtMs <= MAX_REFUSAL_AGE_MS
      options.onUse?.(fresh ? 'shared' : 'miss')
      const flight = fresh ? running : start(keys, request)
      return valueBefore(request.signal, flight.answer, () => ({
        outcome: 'interrupted',
        evidence: noEvidence(request.reference.registry),
      }))
    },
  }
}

/** Answers that replace what was found before. */
const REFUSALS: ReadonlySet<LookupResult['outcome']> = new Set([
  'not-found',
  'unauthorized',
  'forbidden',
  'unusable',
])

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

/** An image that was found without a look at platforms is not what was asked for with them. */
function refusal(known: LookupResult | undefined): LookupResult | null {
  return known === undefined || known.outcome === 'found' ? null : known
}

function timeToLive(
  result: LookupResult,
  request: LookupRequest,
  options: LookupCacheOptions,
): number {
  switch (result.outcome) {
    case 'found':
      return request.reference.digest ? options.digestTtlMs : options.tagTtlMs
    case 'unauthorized':
      if (result.credentialSent && REJECTED.has(result.reason))
        return REJECTED_CREDENTIAL_MS
      return Math.min(options.refusalTtlMs, MAX_REFUSAL_AGE_MS)
    case 'not-found':
    case 'forbidden':
    case 'unusable':
      return Math.min(options.refusalTtlMs, MAX_REFUSAL_AGE_MS)
    case 'interrupted':
      return 0
    default:
      return options.errorTtlMs
  }
}
