import { createBoundedCache } from '../cache/bounded-cache.ts'
import type { LookupEvidence, LookupResult } from './lookup.ts'

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

/**
 * An answer without a sign of a registry, by what is known now of the host that gave it. Whoever remembers answers asks again:
 * else the verdict would be by which of two look-ups was answered first.
 */
export function heedServing(
  result: LookupResult,
  { hasServed }: Pick<ServingHosts, 'hasServed'>,
): LookupResult {
  const { signlessHost } = result.evidence
  if (signlessHost === undefined || !hasServed(signlessHost)) return result
  const { signlessHost: _, ...evidence } = result.evidence
  if (result.outcome === 'not-found')
    return { ...result, evidence: { ...evidence, unsigned: true } }
  const host = URL.parse(signlessHost)?.host ?? signlessHost
  const doubt = `${host} has served images, so the page may pass.`
  const doubts: LookupEvidence['doubts'] = [...(evidence.doubts ?? []), doubt]
  return { ...result, evidence: { ...evidence, doubts } }
}
