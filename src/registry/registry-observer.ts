import type { RateLimit } from './lookup.ts'

/** What the registry client tells to whoever counts. Hosts are `host[:port]`; nothing secret passes here. */
export interface RegistryObserver {
  /** After each HTTP exchange. `status` is the HTTP status, or `error` when there was none. */
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
}

/** Counts nothing. */
export const silentObserver: RegistryObserver = {
  request() {},
  rateLimit() {},
  refusedAddress() {},
  unguarded() {},
}
