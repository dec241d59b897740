import { createBoundedCache, jsonBytes } from '../../cache/bounded-cache.ts'
import type { CacheUse } from '../../cache/cache-use.ts'
import {
  createCredentialFingerprint,
  usableCredential,
} from '../../registry/credential-fingerprint.ts'
import type { RegistryClient, TagsResult } from '../../registry/lookup.ts'
import { MAX_REFUSAL_AGE_MS } from '../../registry/refusal-age.ts'
import { withDeadline } from '../../time/deadline.ts'
import { valueBefore } from '../../time/value-before.ts'

export interface TagsCacheOptions {
  client: Pick<RegistryClient, 'tags'>
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** One list is given up after this; what was listed by then counts. Less than callers wait, or they would miss it. */
  timeoutMs: number
  onUse?: (use: CacheUse) => void
}

const MAX_REPOSITORIES = 500
/** A list has 5,000 tags at most, some 60 kB. */
const MAX_BYTES = 8_388_608

/**
 * Tags of a repository for the two seconds for which a denial may rest on them (`no-repository` is a part of it), so that a deploy
 * which is denied, and tried again, lists them once for each repository and credential.
 */
export function createTagsCache(options: TagsCacheOptions): Pick<RegistryClient, 'tags'> {
  const { now, timeoutMs, onUse } = options
  const fingerprint = createCredentialFingerprint()
  const lists = createBoundedCache<TagsResult>({
    maxEntries: MAX_REPOSITORIES,
    maxBytes: MAX_BYTES,
    sizeOf: jsonBytes,
    now,
  })
  const flights = new Map<string, Promise<TagsResult>>()

  function start(
    key: string,
    request: Parameters<RegistryClient['tags']>[0],
  ): Promise<TagsResult> {
    const askedAtMs = now()
    const answer = withDeadline(
      timeoutMs,
      (signal) => options.client.tags({ ...request, signal }),
      'AbortError',
    )
      .then((result) => {
        const leftMs = MAX_REFUSAL_AGE_MS - (now() - askedAtMs)
        // What was not to be had may be had at once.
        if (result.outcome !== 'unavailable') lists.set(key, result, leftMs)
        return result
      })
      .finally(() => flights.delete(key))
    flights.set(key, answer)
    return answer
  }

  return {
    tags(request) {
      const { registry, repository } = request.reference
      const who = fingerprint(usableCredential(request.credential))
      const key = `${registry}/${repository} ${who}`
      const known = lists.get(key)
      if (known) {
        onUse?.('hit')
        return Promise.resolve(known)
      }
      const running = flights.get(key)
      onUse?.(running ? 'shared' : 'miss')
      // One under way ends long before it is too old to join.
      const answer = running ?? start(key, request)
      return valueBefore(request.signal, answer, () => ({ outcome: 'unavailable' }))
    },
  }
}
