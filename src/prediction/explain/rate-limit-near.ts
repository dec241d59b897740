import type { LookupEvidence } from '../../registry/lookup.ts'
import type { Finding } from '../finding.ts'

/** Pulls left at which a quota is worth a word. */
const NEARLY_GONE = 10

/**
 * Catalogue row 41. A registry counts by address where nobody logs in, and that is the webhook's, not the nodes'; with a credential it
 * counts the account, whose quota the nodes use too.
 */
export function explainRateLimitNear({
  registry,
  rateLimit,
  access,
}: LookupEvidence): Finding | null {
  if (rateLimit === null || rateLimit.remaining > NEARLY_GONE) return null
  const { remaining, limit, windowSeconds } = rateLimit
  const whose =
    access === 'credential'
      ? 'for the account of the pull secret, which the nodes use too'
      : "for the address of this webhook; nodes' addresses have their own"
  const per = windowSeconds > 0 ? ` in any ${hours(windowSeconds)}` : ''
  const full =
    windowSeconds > 0 ? ` It fills up again within ${hours(windowSeconds)}.` : ''
  return {
    cause: 'RateLimitNear',
    certainty: 'uncertain',
    message: `${registry} has ${remaining} of ${limit} pulls${per} left ${whose}.${full}`,
    advice: `Pull with an account, or through a mirror, to have a quota of your own on ${registry}.`,
    doubts: [],
  }
}

/** `6 hours`, `1.5 hours`, `10 minutes`. */
function hours(seconds: number): string {
  if (seconds < 3_600) return `${Math.max(1, Math.round(seconds / 60))} minutes`
  const count = Math.round(seconds / 360) / 10
  return count === 1 ? 'hour' : `${count} hours`
}
