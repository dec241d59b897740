import type { ApiAnswer } from './answer-challenge.ts'
import type { AuthorizedRequests } from './authorized-request.ts'
import { digestOf, isDigest } from './digest.ts'
import type { ManifestFault } from './faults.ts'
import { checkDocument } from './manifest-document.ts'
import {
  classifyMediaType,
  MANIFEST_ACCEPT,
  manifestMediaType,
  MAX_MANIFEST_BYTES,
} from './media-types.ts'
import type { ApiRequest } from './registry-request.ts'
import { contentLength, firstHeader } from './response-headers.ts'
import type { Session } from './session.ts'
import type { HttpResponse } from './transport.ts'
import { verdictOfStatus } from './verdict.ts'
import type { Verdict } from './verdict.ts'

const MAX_HEAD_BODY_BYTES = 65_536

/** What to resolve at one endpoint. */
export interface ManifestQuestion {
  /** `manifests`, or `blobs` for digests that no host has as a manifest. */
  collection: 'manifests' | 'blobs'
  /** Tag or digest. */
  name: string
  /** The digest that was asked for; null for a tag. */
  digest: string | null
  /** The node has no host to ask after this one: 500, 503 and 504 are repeated once (containerd 2.1 and later). */
  isLastHost: boolean
  /** GETs of manifests count against a pull quota: none is sent. */
  countsGets: boolean
}

/** The verdict, and the manifest itself where a GET brought it. */
export interface Resolution {
  verdict: Verdict
  body: Buffer | null
}

export interface ResolveOptions {
  requests: AuthorizedRequests
  now: () => number
}

/** Asks one endpoint for one manifest, following the table of pull-semantics 4.3 from HEAD to verdict. */
export async function resolveManifest(
  { requests, now }: ResolveOptions,
  session: Session,
  question: ManifestQuestion,
): Promise<Resolution> {
  const head = await askGently(requests, session, question)
  if (head.kind === 'verdict') return { verdict: head.verdict, body: null }
  if (!isSuccess(head.response)) {
    return { verdict: verdictOfStatus(head.response, now()), body: null }
  }
  if (head.method === 'GET') return describeBody(head.response, question)
  const described = describeHead(head.response, question)
  if (described !== null) return { verdict: described, body: null }
  // Neither digest nor length: only the manifest itself can tell.
  const get = await requests.ask(session, requestOf(question, 'GET'))
  if (get.kind === 'verdict') return { verdict: get.verdict, body: null }
  if (!isSuccess(get.response))
    return { verdict: afterHead(get.response, now()), body: null }
  return describeBody(get.response, question)
}

type Head =
  | Extract<ApiAnswer, { kind: 'verdict' }>
  | { kind: 'response'; response: HttpResponse; method: 'HEAD' | 'GET' }

// 405 turns HEAD into GET; 408 and, on the last host, 500, 503 and 504 are repeated once. 429 is not: we are gentler.
async function askGently(
  requests: AuthorizedRequests,
  session: Session,
  question: ManifestQuestion,
): Promise<Head> {
  let method: 'HEAD' | 'GET' = 'HEAD'
  let isRepeated = false
  for (;;) {
    const answer: ApiAnswer = await requests.ask(session, requestOf(question, method))
    if (answer.kind === 'verdict') return answer
    const { status, unasked } = answer.response
    const mayGet = question.collection === 'manifests' && !question.countsGets
    if (status === 405 && method === 'HEAD' && mayGet) {
      method = 'GET'
      continue
    }
    if (isRepeated || unasked === true || !isRepeatable(status, question))
      return { ...answer, method }
    isRepeated = true
  }
}

function isRepeatable(status: number, { isLastHost }: ManifestQuestion): boolean {
  return status === 408 || (isLastHost && [500, 503, 504].includes(status))
}

/** The request of pull-semantics 4.2. */
export function requestOf(
  { collection, name }: Pick<ManifestQuestion, 'collection' | 'name'>,
  method: 'HEAD' | 'GET',
): ApiRequest {
  return {
    purpose: 'manifest',
    method,
    path: `${collection}/${name}`,
    query: {},
    accept: MANIFEST_ACCEPT,
    maxBodyBytes: method === 'GET' ? MAX_MANIFEST_BYTES : MAX_HEAD_BODY_BYTES,
  }
}

// null: a GET is needed, and allowed.
function describeHead(
  response: HttpResponse,
  question: ManifestQuestion,
): Verdict | null {
  const { headers } = response
  const announced = firstHeader(headers, 'docker-content-digest')
  const sizeBytes = contentLength(headers)
  const digest = question.digest ?? announced
  const mediaType = manifestMediaType(firstHeader(headers, 'content-type'))
  if (!question.countsGets && (digest === null || sizeBytes === null)) return null
  if (digest !== null && !isDigest(digest)) {
    return { outcome: 'unusable', fault: 'digest-mismatch', mediaType, sizeBytes }
  }
  return describe({ digest: digest ?? '', mediaType, sizeBytes })
}

function describeBody(
  { headers, body, truncated }: HttpResponse,
  question: ManifestQuestion,
): Resolution {
  const mediaType = manifestMediaType(firstHeader(headers, 'content-type'))
  const announced = question.digest ?? firstHeader(headers, 'docker-content-digest')
  const digest = digestOf(body, announced)
  const unusable = (fault: ManifestFault, sizeBytes: number | null): Resolution => ({
    verdict: { outcome: 'unusable', fault, mediaType, sizeBytes },
    body: null,
  })
  if (truncated) return unusable('too-large', contentLength(headers))
  const verdict = describe({ digest, mediaType, sizeBytes: body.length })
  if (verdict.outcome !== 'found') return { verdict, body: null }
  if (announced !== null && announced !== digest)
    return unusable('digest-mismatch', body.length)
  if (!checkDocument(body, verdict.kind)) return unusable('bad-manifest', body.length)
  return { verdict, body }
}

function describe(of: {
  digest: string
  mediaType: string
  sizeBytes: number | null
}): Verdict {
  const { mediaType, sizeBytes } = of
  if (sizeBytes !== null && sizeBytes > MAX_MANIFEST_BYTES) {
    return { outcome: 'unusable', fault: 'too-large', mediaType, sizeBytes }
  }
  const kind = classifyMediaType(mediaType)
  if (kind !== 'image' && kind !== 'index') {
    return { outcome: 'unusable', fault: kind, mediaType, sizeBytes }
  }
  return { outcome: 'found', ...of, kind, platforms: null, missingChildren: [] }
}

// The HEAD was answered, so a 404 or 401 of the GET is the registry contradicting itself: nothing that the author could mend.
function afterHead(response: HttpResponse, nowMs: number): Verdict {
  const verdict = verdictOfStatus(response, nowMs)
  const contradicts =
    verdict.outcome === 'not-found' || verdict.outcome === 'unauthorized'
  return contradicts ? { outcome: 'unexpected-status' } : verdict
}

function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300
}
