import type { UnauthorizedReason } from '../../registry/faults.ts'
import type { LookupRequest, LookupResult } from '../../registry/lookup.ts'
import { MAX_REFUSAL_AGE_MS } from '../../registry/refusal-age.ts'

export interface AnswerLifetimes {
  /** How long an image found by digest, or by tag, is remembered, in milliseconds. */
  digestTtlMs: number
  tagTtlMs: number
  /** How long a refusal is remembered, in milliseconds; never more than two seconds, since a refusal that denies is fresh. */
  refusalTtlMs: number
  /** How long a failure to get an answer is remembered, in milliseconds. */
  errorTtlMs: number
  /** From 0 to 1, as Math.random. */
  random: () => number
}

/**
 * A rejected credential is not sent again for this long but to deny: registries lock accounts. A changed Secret is another
 * credential.
 */
const REJECTED_CREDENTIAL_MS = 30_000

/** The credential itself was refused; any other 401 may be about a repository that is pushed or opened a moment later. */
const REJECTED: ReadonlySet<UnauthorizedReason> = new Set(['rejected', 'token-refused'])

/** So much of its time an answer may lose, so that what came together, here or in the other replicas, is not asked for together again. */
const JITTER = 0.25

/** When an answer was asked for, and when it came. */
export interface Asked {
  askedAtMs: number
  answeredAtMs: number
}

/** Milliseconds for which an answer is remembered from when it came; 0 or less for not at all. */
export function lifetimeOf(
  result: LookupResult,
  { reference }: Pick<LookupRequest, 'reference'>,
  { askedAtMs, answeredAtMs }: Asked,
  lifetimes: AnswerLifetimes,
): number {
  const jittered = (ttlMs: number): number =>
    Math.floor(ttlMs * (1 - JITTER * lifetimes.random()))
  switch (result.outcome) {
    case 'found':
      return jittered(
        reference.digest === null ? lifetimes.tagTtlMs : lifetimes.digestTtlMs,
      )
    case 'unauthorized':
      return isRejected(result) ? REJECTED_CREDENTIAL_MS : refusal()
    case 'not-found':
    case 'forbidden':
    case 'unusable':
      return refusal()
    case 'interrupted':
      return 0
    default:
      return jittered(lifetimes.errorTtlMs)
  }

  /** As old as its question: what was missing when a slow registry was asked may have been pushed while it answered. */
  function refusal(): number {
    const ttlMs = Math.min(lifetimes.refusalTtlMs, MAX_REFUSAL_AGE_MS)
    return jittered(ttlMs) - (answeredAtMs - askedAtMs)
  }
}

/** A token service that answers 403 speaks of the repository, not of the account (GHCR, GitLab). */
function isRejected({
  reason,
  credentialSent,
  evidence,
}: Extract<LookupResult, { outcome: 'unauthorized' }>): boolean {
  return credentialSent && REJECTED.has(reason) && evidence.status !== 403
}

/** Answers that replace what was found before. */
export function isRefusal({ outcome }: LookupResult): boolean {
  switch (outcome) {
    case 'not-found':
    case 'unauthorized':
    case 'forbidden':
    case 'unusable':
      return true
    default:
      return false
  }
}
