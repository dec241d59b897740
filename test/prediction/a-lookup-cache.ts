import { createLookupCache } from '../../src/prediction/lookups/lookup-cache.ts'
import type {
  CachedLookupRequest,
  LookupCacheOptions,
} from '../../src/prediction/lookups/lookup-cache.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import type { Credential } from '../../src/credentials/credential.ts'
import type { LookupRequest } from '../../src/registry/lookup.ts'
import { PASSWORD, withEvidence } from './world.ts'
import type { BareResult } from './world.ts'

export const TAG = 'registry.acme.test/team/api:2.1'
export const DIGEST = `registry.acme.test/team/api@sha256:${'b'.repeat(64)}`
export const bot: Credential = { username: 'bot', password: PASSWORD }

/** A cache over a registry that answers `answer`, with a clock that is set by hand. */
export function setUp(
  answer: BareResult | (() => Promise<BareResult>),
  options: Partial<LookupCacheOptions> = {},
) {
  const clock = { nowMs: 1_000 }
  const asked: LookupRequest[] = []
  const uses: string[] = []
  const cache = createLookupCache({
    client: {
      async lookup(request) {
        asked.push(request)
        const bare = typeof answer === 'function' ? await answer() : answer
        return withEvidence(bare, request.reference.registry)
      },
    },
    now: () => clock.nowMs,
    maxEntries: 100,
    maxBytes: 1_000_000,
    random: () => 0,
    digestTtlMs: 600_000,
    tagTtlMs: 60_000,
    refusalTtlMs: 10_000,
    errorTtlMs: 5_000,
    lookupTimeoutMs: 5_000,
    onUse: (use) => uses.push(use),
    ...options,
  })
  const ask = (changes: Partial<CachedLookupRequest> & { image?: string } = {}) => {
    const { image = TAG, ...rest } = changes
    return cache.lookup({
      reference: parseReference(image),
      credential: null,
      signal: new AbortController().signal,
      ...rest,
    })
  }
  return { cache, clock, asked, uses, ask }
}
