import type { CacheUse } from '../cache/cache-use.ts'
import type { BreakerState } from './circuit-breaker.ts'
import type { RateLimit } from './lookup.ts'

export type CacheName = 'lookups' | 'tags' | 'tokens' | 'indexes'

/**
 * What the registry client tells to whoever counts. Hosts are as image names have them, without a port only under https with its own,
 * so that a host that is asked over http too is told apart; nothing secret passes here.
 */
export interface RegistryObserver {
  /**
   * After each HTTP exchange. `status` is the HTTP status, or `error` when there was none; `durationMs` is without the wait for
   * a turn.
   */
  request(event: {
    host: string
    purpose: 'manifest' | 'token' | 'tags' | 'config'
    status: string
    durationMs: number
  }): void
  /** Whenever a registry announces its quota. */
  rateLimit(event: { host: string; rateLimit: RateLimit }): void
  /** The connect-time guard refused an address. */
  refusedAddress(event: { host: string }): void
  /** A request went out through an HTTP proxy whose target address could not be checked. */
  unguarded(event: { host: string }): void
  /** Whether a host is asked (`closed`), left alone (`open`), or tried (`half-open`), whenever that changes. */
  breaker(event: { host: string; state: BreakerState }): void
  /** How many requests wait for their turn with a host, whenever that changes. */
  queue(event: { host: string; depth: number }): void
  /** A host said with 429 and Retry-After how long it wants to be left alone. */
  paused(event: { host: string; untilMs: number }): void
  /** A request was not sent, since its host is down, wants a pause, or has too many waiting for it. */
  spared(event: { host: string; reason: 'down' | 'paused' | 'queue-full' }): void
  /** Each time that something remembered was looked for. */
  cache(event: { cache: CacheName; result: CacheUse }): void
  /** A host is left alone that never answered. Told once for each. */
  neverReached(event: { host: string }): void
}

/** Counts nothing. */
export const silentObserver: RegistryObserver = {
  request() {},
  rateLimit() {},
  refusedAddress() {},
  unguarded() {},
  breaker() {},
  queue() {},
  paused() {},
  spared() {},
  cache() {},
  neverReached() {},
}
