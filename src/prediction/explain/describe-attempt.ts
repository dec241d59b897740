import type { LookupResult } from '../../registry/lookup.ts'
import { describeOrigin } from './explain-unauthorized.ts'
import type { Attempt } from '../prediction.ts'
import type { TriedCredential } from '../lookups/try-credentials.ts'

/** For people: who asked, and what the registry said, attempt by attempt. */
export function describeAttempts(tried: readonly TriedCredential[]): Attempt[] {
  return tried.map(({ match, result }) => ({
    credential: match === null ? 'anonymous' : describeOrigin(match.origin),
    answer: `${describeAnswer(result)}${result.evidence.unasked ? ', not asked this time' : ''}`,
  }))
}

function describeAnswer(result: LookupResult): string {
  const { evidence } = result
  const status = evidence.status === null ? '' : `${evidence.status} `
  switch (result.outcome) {
    case 'found':
      return `${status}found ${result.digest}`
    case 'not-found':
      return `${status}not found`
    case 'unauthorized':
      return `${status}unauthorized (${result.reason})`
    case 'forbidden':
      return `${status}forbidden`
    case 'rate-limited':
      return `${status}rate limited`
    case 'unexpected-status':
      return `${status}unexpected`
    case 'token-service-failure':
      return `${status}token service fails (${result.fault})`
    case 'unreachable':
      return `unreachable (${result.fault})`
    case 'untrusted':
      return `TLS not trusted (${result.fault})`
    case 'unusable':
      return `${status}unusable (${result.fault})`
    case 'refused-address':
      return 'address not contacted'
    case 'interrupted':
      return 'no answer in time'
    default:
      return result satisfies never
  }
}
