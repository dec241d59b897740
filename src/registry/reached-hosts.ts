import { createBoundedCache } from '../cache/bounded-cache.ts'

/** What is known of hosts for as long as the process lives, whatever the configuration becomes meanwhile. */
export interface ReachedHosts {
  /** It gave an HTTP answer, or something else that shows that it is there. */
  note(host: string): void
  wasReached(host: string): boolean
  /** True the first time that it is asked for this host: an operator is told once. */
  tellOnce(host: string): boolean
}

const MAX_HOSTS = 5_000
const MAX_BYTES = 1_048_576

export function createReachedHosts(): ReachedHosts {
  const bounds = { maxEntries: MAX_HOSTS, maxBytes: MAX_BYTES, sizeOf: () => 0 }
  const reached = createBoundedCache<true>(bounds)
  const told = createBoundedCache<true>(bounds)
  return {
    note: (host) => reached.set(host, true),
    wasReached: (host) => reached.get(host) === true,
    tellOnce(host) {
      const isFirst = told.get(host) === undefined
      told.set(host, true)
      return isFirst
    },
  }
}
