import { createBoundedCache, jsonBytes } from '../cache/bounded-cache.ts'
import type { AuthorizedRequests } from './authorized-request.ts'
import { digestOf } from './digest.ts'
import type { ManifestFault } from './faults.ts'
import type { PlatformEntry } from './lookup.ts'
import { parseIndex } from './manifest-document.ts'
import type { IndexDocument } from './manifest-document.ts'
import { MAX_MANIFEST_BYTES } from './media-types.ts'
import { matchFallback } from './platform-matcher.ts'
import type { RegistryObserver } from './registry-observer.ts'
import { requestOf } from './resolve-manifest.ts'
import type { Session } from './session.ts'

// A usual index has ten entries of some 250 bytes.
const MAX_INDEXES = 10_000
const MAX_INDEX_BYTES = 16_777_216
const MAX_PRESENT_CHILDREN = 10_000
const MAX_PRESENT_BYTES = 4_194_304
// Missing content can be pushed again, present content deleted: as long as a digest's own look-up is trusted.
const PRESENT_CHILD_TTL_MS = 300_000
const MAX_NESTED_DEPTH = 3
const MAX_NESTED_INDEXES = 8
const MAX_CHECKED_CHILDREN = 8

export interface IndexToRead {
  digest: string
  mediaType: string
  /** The body, where a GET has already brought it. */
  body: Buffer | null
  /** Platforms whose entries shall be there; empty checks none. */
  platforms: string[]
}

/** `unread`: it could not be had now, so nothing is known of its platforms. */
export type IndexReading =
  | { kind: 'read'; platforms: PlatformEntry[]; missingChildren: string[] }
  | { kind: 'unusable'; fault: ManifestFault }
  | { kind: 'unread' }

interface Options {
  requests: AuthorizedRequests
  observer: Pick<RegistryObserver, 'cache'>
  /** Milliseconds of any steady clock. */
  now: () => number
}

export interface IndexReader {
  read(session: Session, index: IndexToRead): Promise<IndexReading>
}

/**
 * Reads the entries of indexes, nested ones included (three levels, eight indexes). What a digest names never changes, so
 * entries are kept by digest: an index that was seen costs no request.
 */
export function createIndexReader({ requests, observer, now }: Options): IndexReader {
  const known = createBoundedCache<IndexDocument>({
    maxEntries: MAX_INDEXES,
    maxBytes: MAX_INDEX_BYTES,
    sizeOf: jsonBytes,
  })
  const present = createBoundedCache<true>({
    maxEntries: MAX_PRESENT_CHILDREN,
    maxBytes: MAX_PRESENT_BYTES,
    sizeOf: () => 0,
    now,
  })

  async function read(session: Session, index: IndexToRead): Promise<IndexReading> {
    const walk: Walk = {
      entries: [],
      gone: [],
      isComplete: true,
      left: MAX_NESTED_INDEXES,
    }
    const top = await document(session, index)
    if (top === null || top === 'gone') return { kind: 'unread' }
    if (typeof top === 'string') return { kind: 'unusable', fault: top }
    await collect(session, top, walk, MAX_NESTED_DEPTH)
    // A nested index that could not be read may hold what is looked for.
    if (!walk.isComplete) return { kind: 'unread' }
    const missingChildren = await missing(session, walk.entries, index.platforms)
    return {
      kind: 'read',
      platforms: [...walk.entries, ...walk.gone],
      missingChildren: [...missingChildren, ...walk.gone.map(({ digest }) => digest)],
    }
  }

  async function collect(
    session: Session,
    { entries, nested }: IndexDocument,
    walk: Walk,
    depth: number,
  ): Promise<void> {
    walk.entries.push(...entries)
    for (const entry of nested) {
      const { digest, mediaType } = entry
      if (depth === 0 || walk.left === 0) {
        walk.isComplete = false
        return
      }
      walk.left--
      const child = await document(session, { digest, mediaType, body: null })
      if (child === 'gone') walk.gone.push(entry)
      else if (child === null || typeof child === 'string') walk.isComplete = false
      else await collect(session, child, walk, depth - 1)
    }
  }

  async function document(
    session: Session,
    index: Omit<IndexToRead, 'platforms'>,
  ): Promise<IndexDocument | ManifestFault | 'gone' | null> {
    const cached = known.get(index.digest)
    observer.cache({ cache: 'indexes', result: cached === undefined ? 'miss' : 'hit' })
    if (cached !== undefined) return cached
    const body = index.body ?? (await fetchBody(requests, session, index))
    if (body === null || body === 'gone') return body
    if (digestOf(body, index.digest) !== index.digest) return 'digest-mismatch'
    const parsed = parseIndex(body)
    if (parsed === null) return 'bad-manifest'
    known.set(index.digest, parsed)
    return parsed
  }

  async function missing(
    session: Session,
    entries: PlatformEntry[],
    platforms: string[],
  ): Promise<string[]> {
    const wanted = entries.filter((entry) =>
      platforms.some((platform) => matchFallback(entry, platform)),
    )
    const gone: string[] = []
    for (const { digest } of wanted.slice(0, MAX_CHECKED_CHILDREN)) {
      const key = `${session.baseUrl} ${session.registry} ${session.repository} ${digest}`
      if (present.has(key)) continue
      const answer = await requests.ask(
        session,
        requestOf({ collection: 'manifests', name: digest }, 'HEAD'),
      )
      if (answer.kind === 'verdict') return gone
      if (answer.response.status === 404) gone.push(digest)
      else if (answer.response.status === 200)
        present.set(key, true, PRESENT_CHILD_TTL_MS)
    }
    return gone
  }

  return { read }
}

interface Walk {
  entries: PlatformEntry[]
  /** Nested indexes that answered 404: whatever they held is missing. */
  gone: PlatformEntry[]
  isComplete: boolean
  /** Nested indexes that may still be read. */
  left: number
}

async function fetchBody(
  requests: AuthorizedRequests,
  session: Session,
  { digest, mediaType }: Omit<IndexToRead, 'platforms'>,
): Promise<Buffer | 'gone' | null> {
  const answer = await requests.ask(session, {
    purpose: 'manifest',
    method: 'GET',
    path: `manifests/${digest}`,
    query: {},
    // As containerd's fetcher asks (pull-semantics 4.5).
    accept: `${mediaType}, */*`,
    maxBodyBytes: MAX_MANIFEST_BYTES,
  })
  if (answer.kind === 'verdict') return null
  const { status, truncated, body } = answer.response
  if (status === 404) return 'gone'
  return status === 200 && !truncated ? body : null
}
