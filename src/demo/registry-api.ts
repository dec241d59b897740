import {
  OCI_INDEX,
  type StoredManifest,
  type StoredRepository,
} from './registry-images.ts'
import { errorReply, jsonReply, type RegistryReply } from './registry-reply.ts'

/** Tags on a page when the client does not say, and at most. */
const PAGE_SIZE = 100

/** What is asked of the distribution API; `repository` is null for `/v2/` itself. */
export type RegistryQuestion =
  | { kind: 'ping'; repository: null }
  | { kind: 'manifest' | 'blob'; repository: string; reference: string }
  | { kind: 'tags'; repository: string; query: URLSearchParams }

/** Null for a path that the distribution API does not have. */
export function parseQuestion(url: URL): RegistryQuestion | null {
  if (url.pathname === '/v2/' || url.pathname === '/v2') {
    return { kind: 'ping', repository: null }
  }
  const match = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(url.pathname)
  const [, repository, kind, last] = match ?? []
  if (repository === undefined || last === undefined) return null
  const reference = decodeURIComponentOr(last)
  if (kind === 'manifests') return { kind: 'manifest', repository, reference }
  if (kind === 'blobs') return { kind: 'blob', repository, reference }
  return last === 'list' ? { kind: 'tags', repository, query: url.searchParams } : null
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Answers an authorised question; HEAD is answered as GET and loses its body when it is written. */
export function answerQuestion(
  repositories: Map<string, StoredRepository>,
  question: RegistryQuestion,
  accept: string | undefined,
): RegistryReply {
  if (question.kind === 'ping') return jsonReply(200, {})
  const repository = repositories.get(question.repository)
  if (repository === undefined) {
    return errorReply(404, 'NAME_UNKNOWN', 'repository name not known to registry')
  }
  if (question.kind === 'tags') {
    return tagsReply(repository, question.repository, question.query)
  }
  return question.kind === 'blob'
    ? blobReply(repository, question.reference)
    : manifestReply(repository, question.reference, accept)
}

function manifestReply(
  repository: StoredRepository,
  reference: string,
  accept: string | undefined,
): RegistryReply {
  const digest = repository.tags.get(reference) ?? reference
  const manifest = repository.manifests.get(digest)
  if (manifest === undefined) {
    return errorReply(404, 'MANIFEST_UNKNOWN', `manifest unknown: ${reference}`)
  }
  if (!accepts(manifest, accept)) {
    return errorReply(
      404,
      'MANIFEST_UNKNOWN',
      'OCI index found, but accept header does not support OCI indexes',
    )
  }
  return contentReply(digest, manifest.mediaType, manifest.bytes)
}

/** docker-registry 2.8.2 answers 404 for an OCI index that the Accept header does not name, even to any type (pull-semantics 4.2). */
function accepts(manifest: StoredManifest, accept: string | undefined): boolean {
  return manifest.mediaType !== OCI_INDEX || (accept?.includes(OCI_INDEX) ?? false)
}

function blobReply(repository: StoredRepository, digest: string): RegistryReply {
  const bytes = repository.blobs.get(digest)
  if (bytes === undefined) {
    return errorReply(404, 'BLOB_UNKNOWN', 'blob unknown to registry')
  }
  return contentReply(digest, 'application/octet-stream', bytes)
}

function contentReply(digest: string, contentType: string, body: Buffer): RegistryReply {
  const headers = {
    'content-type': contentType,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  }
  return { status: 200, headers, body }
}

/** Tags in lexical order, `n` a page after `last`, with the next page as `Link` (distribution spec, listing tags). */
function tagsReply(
  repository: StoredRepository,
  name: string,
  query: URLSearchParams,
): RegistryReply {
  const wanted = Number(query.get('n') ?? PAGE_SIZE)
  if (!Number.isInteger(wanted) || wanted < 0) {
    return errorReply(400, 'PAGINATION_NUMBER_INVALID', 'invalid number of results')
  }
  const size = Math.min(wanted, PAGE_SIZE)
  const last = query.get('last') ?? ''
  // oxlint-disable-next-line unicorn/no-array-sort -- a fresh array
  const rest = [...repository.tags.keys()].sort().filter((tag) => tag > last)
  const tags = rest.slice(0, size)
  const end = tags.at(-1)
  if (end === undefined || rest.length <= size) return jsonReply(200, { name, tags })
  const next = new URLSearchParams({ last: end, n: String(size) })
  return jsonReply(
    200,
    { name, tags },
    { link: `</v2/${name}/tags/list?${next.toString()}>; rel="next"` },
  )
}
