import type { LookupEvidence } from './lookup.ts'

/** The evidence of a look-up that sent nothing, or that nobody waited for. */
export function noEvidence(registry: string): LookupEvidence {
  return {
    registry,
    request: '',
    status: null,
    errors: [],
    via: 'origin',
    redirected: false,
    verified: false,
    servedBy: null,
    access: 'open',
    requests: 0,
    rateLimit: null,
  }
}
