export type BreakerState = 'closed' | 'half-open' | 'open'

export interface BreakerOptions {
  /** Failures in a row after which nothing is asked. */
  failures: number
  /** How long nothing is asked then; after it one request finds out, in milliseconds. */
  intervalMs: number
  /** Monotonic clock in milliseconds. */
  now: () => number
}

export type Permit = 'ask' | 'probe'

/** Whoever got a permit owes one of succeeded, failed and abandoned. */
export interface CircuitBreaker {
  /** `probe`: the one request that finds out whether the host is back. */
  permit(): Permit | 'refuse'
  succeeded(): void
  failed(permit: Permit): void
  /** It ended without telling anything: after a probe the next request is one. */
  abandoned(permit: Permit): void
  state(): BreakerState
}

/**
 * Keeps an outage from being asked about by everyone: after some failures in a row it takes one request an interval to learn
 * whether it is over. A count and two times, no timer.
 */
export function createCircuitBreaker(options: BreakerOptions): CircuitBreaker {
  const { failures, intervalMs, now } = options
  let failedInARow = 0
  let openUntilMs = 0
  let isProbing = false

  const isBroken = (): boolean => failedInARow >= failures

  return {
    permit() {
      if (!isBroken()) return 'ask'
      if (isProbing || now() < openUntilMs) return 'refuse'
      isProbing = true
      return 'probe'
    },
    succeeded() {
      failedInARow = 0
      isProbing = false
    },
    failed(permit) {
      // What was under way when it opened tells nothing new.
      if (isBroken() && permit === 'ask') return
      isProbing = false
      failedInARow = Math.min(failedInARow + 1, failures)
      if (isBroken()) openUntilMs = now() + intervalMs
    },
    abandoned(permit) {
      if (permit === 'probe') isProbing = false
    },
    state() {
      if (!isBroken()) return 'closed'
      return isProbing ? 'half-open' : 'open'
    },
  }
}
