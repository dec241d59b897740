import { createBoundedCache } from '../cache/bounded-cache.ts'

/** Names come from images, so there may be any number. */
const MAX_HOSTS = 1_000
const MAX_BYTES = 1_048_576

/** Which hosts have ever given a manifest since the start. */
export interface ServingHosts {
  noteServed(baseUrl: string): void
  hasServed(baseUrl: string): boolean
}

/** A host that served images is a registry: when it answers with a web page, it is down for maintenance, and nothing that an author could mend. */
export function createServingHosts(): ServingHosts {
  const served = createBoundedCache<true>({
    maxEntries: MAX_HOSTS,
    maxBytes: MAX_BYTES,
    sizeOf: () => 0,
  })
  return {
    noteServed: (baseUrl) => served.set(baseUrl, true),
    hasServed: (baseUrl) => served.has(baseUrl),
  }
}
