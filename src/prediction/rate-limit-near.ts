import type { LookupEvidence } from '../registry/lookup.ts'
import type { Finding } from './finding.ts'

/** Pulls left at which a quota is worth a word. */
const NEARLY_GONE = 10

/** Catalogue row 41: the quota is that of this address, which need not be that of the nodes. */
export function explainRateLimitNear({
  registry,
  rateLimit,
}: LookupEvidence): Finding | null {
  if (rateLimit === null || rateLimit.remaining > NEARLY_GONE) return null
  const hours = Math.round(rateLimit.windowSeconds / 360) / 10
  return {
    cause: 'RateLimitNear',
    certainty: 'uncertain',
    message: `${registry} has ${rateLimit.remaining} of ${rateLimit.limit} pulls in ${hours} hours left for this address; nodes may have their own quota.`,
    advice: `Pull with an account, or through a mirror, to have a quota of your own on ${registry}.`,
    doubts: [],
  }
}
