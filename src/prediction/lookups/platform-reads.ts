import { createBoundedCache } from '../../cache/bounded-cache.ts'
import {
  createCredentialFingerprint,
  usableCredential,
} from '../../registry/credential-fingerprint.ts'
import type { ImagePlatform, ImagePlatformReader } from '../../registry/image-platform.ts'
import type { LookupRequest } from '../../registry/lookup.ts'
import { withDeadline } from '../../time/deadline.ts'
import { valueBefore } from '../../time/value-before.ts'

export interface PlatformReadsOptions {
  /** Remembers what it has read. */
  client: ImagePlatformReader
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** A config is given up after this: what is not known of it only makes a verdict softer, and no deploy waits longer for one. */
  timeoutMs: number
}

const MAX_UNREAD = 10_000
const MAX_UNREAD_BYTES = 4_194_304
/** A config that could not be read is let be for so long, so that where blobs hang few deploys wait for one. */
const UNREAD_MS = 60_000

/**
 * Configs of images as a deploy can afford them: equal questions are one, none lasts long, and one that had no answer is not asked
 * again for a minute.
 */
export function createPlatformReads(options: PlatformReadsOptions): ImagePlatformReader {
  const fingerprint = createCredentialFingerprint()
  const unread = createBoundedCache<true>({
    maxEntries: MAX_UNREAD,
    maxBytes: MAX_UNREAD_BYTES,
    sizeOf: () => 0,
    now: options.now,
  })
  const flights = new Map<string, Promise<ImagePlatform | null>>()

  function start(
    key: string,
    request: LookupRequest,
    digest: string,
  ): Promise<ImagePlatform | null> {
    const answer = withDeadline(
      options.timeoutMs,
      (signal) => options.client.imagePlatform({ ...request, signal }, digest),
      'AbortError',
    )
      .then((platform) => {
        if (platform === null) unread.set(key, true, UNREAD_MS)
        return platform
      })
      .finally(() => flights.delete(key))
    flights.set(key, answer)
    return answer
  }

  return {
    async imagePlatform(request, digest) {
      const { registry, repository } = request.reference
      const who = fingerprint(usableCredential(request.credential))
      const key = `${registry}/${repository}@${digest} ${who}`
      if (unread.has(key)) return null
      const answer = flights.get(key) ?? start(key, request, digest)
      return valueBefore(request.signal, answer, () => null)
    },
  }
}
