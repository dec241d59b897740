import type { BundleReading } from './certificate-store.ts'
import { splitBundle } from './pem-bundle.ts'

/** Since when (ms) a replica sees an authority, by its SHA-256 fingerprint, in the caBundle of every webhook, without a break. */
export type PublishedSince = ReadonlyMap<string, number>

/** What one more look adds. A look that failed is a break: nobody saw what was published meanwhile. */
export function publishedSince(
  before: PublishedSince,
  bundle: BundleReading,
  nowMs: number,
): PublishedSince {
  if (bundle.status !== 'found') return new Map()
  const [first = [], ...others] = bundle.bundles.map((pem) =>
    splitBundle(pem).map((ca) => ca.fingerprint256),
  )
  const everywhere = first.filter((ca) => others.every((found) => found.includes(ca)))
  return new Map(everywhere.map((ca) => [ca, before.get(ca) ?? nowMs]))
}
