import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { LookupRequest, LookupResult, RegistryClient } from '../registry/lookup.ts'

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

/** A look-up that may come from memory. */
export type CachedLookup = Pick<RegistryClient, 'lookup'>

/** A not-found that denies is never older than this. */
const MAX_REFUSAL_AGE_MS = 2_000

/** A rejected credential is not sent again for this long: registries lock accounts. A changed Secret is another credential. */
const REJECTED_CREDENTIAL_MS = 30_000

interface Flight {
  answer: Promise<LookupResult>
  startedAtMs: number
}

/**
 * Remembers look-ups, bounded in entries, and lets equal look-ups under way share one exchange. Keys hold a keyed fingerprint
 * of the credential, so that what one namespace's secret opens is never answered to another, and nothing secret is kept.
 */
export function createLookupCache(options: LookupCacheOptions): CachedLookup {
  const fingerprintKey = randomBytes(32)
  const entries = new LRUCache<string, LookupResult>({
    max: options.maxEntries,
    perf: { now: options.now },
    ttlResolution: 0,
  })
  const flights = new Map<string, Flight>()

  function start(key: string, request: LookupRequest): Flight {
    // Never the caller's signal: whoever joins must not be interrupted because the first caller gave up.
    const signal = AbortSignal.timeout(options.lookupTimeoutMs)
    const answer = options.client.lookup({ ...request, signal }).then(
      (result) => {
        settle(key, flight)
        const ttl = timeToLive(result, request, options)
        if (ttl > 0) entries.set(key, result, { ttl })
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

  function settle(key: string, flight: Flight): void {
    if (flights.get(key) === flight) flights.delete(key)
  }

  return {
    lookup(request) {
      const key = cacheKey(request, fingerprintKey)
      const known = entries.get(key)
      if (known) {
        options.onUse?.('hit')
        return Promise.resolve(known)
      }
      const running = flights.get(key)
      const fresh = running && options.now() - running.startedAtMs <= MAX_REFUSAL_AGE_MS
      options.onUse?.(fresh ? 'shared' : 'miss')
      const flight = fresh ? running : start(key, request)
      return interruptible(flight.answer, request)
    },
  }
}

function cacheKey(request: LookupRequest, fingerprintKey: Buffer): string {
  const { reference, credential } = request
  const fingerprint = credential
    ? createHmac('sha256', fingerprintKey)
        .update(JSON.stringify([credential.username, credential.password]))
        .digest('base64url')
    : 'anonymous'
  const platforms = request.platforms?.toSorted().join(',') ?? ''
  return `${reference.pullReference} ${fingerprint} ${platforms}`
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
      if (result.credentialSent) return REJECTED_CREDENTIAL_MS
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

async function interruptible(
  answer: Promise<LookupResult>,
  request: LookupRequest,
): Promise<LookupResult> {
  const { signal } = request
  const { promise: interruption, resolve } = Promise.withResolvers<LookupResult>()
  const interrupt = (): void => resolve(interrupted(request))
  if (signal.aborted) interrupt()
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await Promise.race([answer, interruption])
  } finally {
    signal.removeEventListener('abort', interrupt)
  }
}

function interrupted(request: LookupRequest): LookupResult {
  return {
    outcome: 'interrupted',
    evidence: {
      registry: request.reference.registry,
      request: '',
      status: null,
      errors: [],
      via: 'origin',
      redirected: false,
      verified: false,
      servedBy: null,
      access: 'open',
      requests: 0,
      rateLimit: null,
    },
  }
}
