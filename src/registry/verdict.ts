import { printable } from '../text/printable.ts'
import type { Reply } from './exchange.ts'
import type { UnauthorizedReason } from './faults.ts'
import type { LookupResult } from './lookup.ts'
import { parseRetryAfter } from './rate-limit.ts'
import type { HttpResponse } from './transport.ts'

type WithoutEvidence<Result> = Result extends unknown ? Omit<Result, 'evidence'> : never

/** A look-up's outcome before its evidence is put beside it. */
export type Verdict = WithoutEvidence<LookupResult>

/** What a failed exchange with a registry or its token service means. */
export function verdictOfFailure(
  { failure, hop }: Extract<Reply, { kind: 'failure' }>,
  target: 'registry' | 'token-service',
): Verdict {
  switch (failure.kind) {
    case 'network':
      return { outcome: 'unreachable', fault: failure.fault, target, host: failure.host }
    case 'tls':
      return {
        outcome: 'untrusted',
        fault: failure.fault,
        target,
        host: failure.host,
        detail: printable(failure.detail, 300),
      }
    case 'refused-address':
      return {
        outcome: 'refused-address',
        target: hop === 'redirect' ? 'redirect' : target,
        host: failure.host,
      }
    default:
      return { outcome: failure.kind }
  }
}

/** What a final status of a manifest request means when it is not a success (pull-semantics 4.3). */
export function verdictOfStatus(response: HttpResponse, nowMs: number): Verdict {
  switch (response.status) {
    case 404:
      return { outcome: 'not-found', missing: 'manifest' }
    case 401:
      return unauthorized('still-unauthorized', false)
    case 403:
      return { outcome: 'forbidden' }
    case 429:
      return {
        outcome: 'rate-limited',
        stage: 'manifest',
        retryAfterMs: parseRetryAfter(response.headers, nowMs),
      }
    default:
      return { outcome: 'unexpected-status' }
  }
}

export function unauthorized(
  reason: UnauthorizedReason,
  credentialSent: boolean,
): Verdict {
  return { outcome: 'unauthorized', reason, credentialSent }
}
