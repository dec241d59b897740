import { createBoundedCache, jsonBytes } from '../../cache/bounded-cache.ts'
import {
  createCredentialFingerprint,
  usableCredential,
} from '../../registry/credential-fingerprint.ts'
import type { ImagePlatformReader } from '../../registry/image-platform.ts'
import type { LookupRequest, RegistryClient } from '../../registry/lookup.ts'
import { withDeadline } from '../../time/deadline.ts'

export interface RememberAnswersOptions {
  client: RegistryClient & ImagePlatformReader
  /** Questions under way at a time for one registry; the others wait their turn. */
  perRegistry: number
  /** Answers kept at most, and their bytes together: one more than that is asked again. */
  maxEntries: number
  maxBytes: number
  /** How long one question may take once it is its turn, in milliseconds. */
  timeoutMs: number
  /** Ends every question under way. */
  signal: AbortSignal
}

interface Remembered {
  answer: Promise<unknown>
  /** What it brought; 0 as long as it is under way. */
  bytes: number
}

/**
 * A client for one run of a report: each distinct question is asked once, whatever the answer, and a registry gets so many at a
 * time. A report may be as old as its run; a denial may not, so the webhook never uses it. A caller's own signal is not heeded
 * here: the look-up cache before it does that.
 */
export function rememberAnswers(
  options: RememberAnswersOptions,
): RegistryClient & ImagePlatformReader {
  const { client, maxEntries, maxBytes } = options
  const fingerprint = createCredentialFingerprint()
  const answers = createBoundedCache<Remembered>({
    maxEntries,
    maxBytes,
    sizeOf: ({ bytes }) => bytes,
  })
  const turns = createTurns(options.perRegistry)

  function once<T>(
    question: string,
    request: LookupRequest,
    ask: (request: LookupRequest) => Promise<T>,
  ): Promise<T> {
    const who = fingerprint(usableCredential(request.credential))
    const { pullReference, registry } = request.reference
    const platforms = (request.platforms ?? []).toSorted()
    const key = [question, pullReference, who, ...platforms].join(' ')
    const known = answers.get(key)
    // The key begins with the question, which decides the type.
    if (known !== undefined) return known.answer as Promise<T>
    const answer = turns(registry, () =>
      // What is under way when the run ends is ended with the connections; nothing new is begun.
      withDeadline(options.signal.aborted ? 0 : options.timeoutMs, (signal) =>
        ask({ ...request, signal }),
      ),
    )
    answers.set(key, { answer, bytes: 0 })
    answer.then(
      (value) => answers.set(key, { answer, bytes: jsonBytes(value) }),
      () => {},
    )
    return answer
  }

  return {
    lookup: (request) => once('lookup', request, (asked) => client.lookup(asked)),
    tags: (request) => once('tags', request, (asked) => client.tags(asked)),
    imagePlatform: (request, digest) =>
      once(`platform ${digest}`, request, (asked) => client.imagePlatform(asked, digest)),
    close: () => client.close(),
  }
}

/** Runs so many tasks of one name at a time, in the order in which they came. */
function createTurns(
  limit: number,
): <T>(name: string, task: () => Promise<T>) => Promise<T> {
  const queues = new Map<string, { running: number; waiting: (() => void)[] }>()
  return async (name, task) => {
    const queue = queues.get(name) ?? { running: 0, waiting: [] }
    queues.set(name, queue)
    if (queue.running < limit) queue.running += 1
    else {
      // Whoever ends hands its place over.
      const { promise, resolve } = Promise.withResolvers<void>()
      queue.waiting.push(resolve)
      await promise
    }
    try {
      return await task()
    } finally {
      const next = queue.waiting.shift()
      if (next) next()
      else queue.running -= 1
      if (queue.running === 0) queues.delete(name)
    }
  }
}
