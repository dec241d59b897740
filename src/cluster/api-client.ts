import type { Dispatcher } from 'undici'

import { parseFields, type Fields } from '../json/fields.ts'
import { errorCode } from '../text/error-code.ts'
import { startDeadline } from '../time/deadline.ts'
import type { ApiAccess } from './api-access.ts'
import {
  connectionFault,
  createApiConnection,
  type ApiRequest,
  type RawRequest,
} from './api-connection.ts'
import {
  againAfter,
  againAtOnce,
  patiently,
  type Again,
  type Patience,
} from './api-patience.ts'
import { streamWatch, type WatchEnd, type WatchRequest } from './watch-stream.ts'

export type { ApiRequest } from './api-connection.ts'

/** What the API server answered. `reason` may be shown to a user. */
export type ApiAnswer =
  | { status: 'ok'; object: Fields }
  | { status: 'not-found' }
  /** 410: a continue token of a list is too old. */
  | { status: 'expired' }
  | { status: 'failed'; reason: string }

/** What became of a write. `conflict` is 409: it exists already, or has another resourceVersion by now. */
export type ApiWriteAnswer =
  | { status: 'ok'; object: Fields }
  | { status: 'conflict' }
  | { status: 'not-found' }
  | { status: 'failed'; reason: string }

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
export type PatchType = 'merge-patch' | 'strategic-merge-patch'

export interface ApiClient {
  /** Never rejects; every request ends within the deadline, and a call is one unless the client has patience. */
  get(request: ApiRequest): Promise<ApiAnswer>
  /** As get; sent once, since a second sending may not be the same. */
  create(path: string, object: Fields): Promise<ApiWriteAnswer>
  patch(path: string, type: PatchType, patch: Fields): Promise<ApiWriteAnswer>
  /** Follows a list until the server ends it, the connection breaks or the signal fires. Never rejects. */
  watch(request: WatchRequest): Promise<WatchEnd>
  close(): Promise<void>
}

export interface ApiClientOptions {
  access: ApiAccess
  /** For one call, credentials and body included. */
  timeoutMs: number
  /** For whoever would rather wait than go without: a get is sent again. Absent: once, as an admission has no time for more. */
  patience?: Patience
}

/** A page of 500 Nodes with 50 images each is about 10 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

/** Requests to the API server over one pool of connections. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const { access, timeoutMs } = options
  const closing = new AbortController()
  const patience = options.patience && {
    ...options.patience,
    signal: AbortSignal.any([options.patience.signal, closing.signal]),
  }
  const late = failed(`the API server did not answer within ${timeoutMs} ms`)
  const connection = createApiConnection(access)

  async function sendOnce<Answer>(
    request: RawRequest,
    read: (status: number, body: Fields | null) => Answer,
  ): Promise<Sent<Answer>> {
    const { signal, clear } = startDeadline(timeoutMs)
    try {
      const response = await connection.request(request, signal)
      if (response === null) return final(late)
      const { statusCode, headers, body } = response
      const answer = read(statusCode, await readJson(body))
      return { answer, again: againAfter(statusCode, headers['retry-after']) }
    } catch (error) {
      if (signal.aborted) return final(late)
      return {
        answer: failed(connectionFault(error)),
        again: againAtOnce(errorCode(error)),
      }
    } finally {
      clear()
    }
  }

  async function send<Answer>(
    request: RawRequest,
    read: (status: number, body: Fields | null) => Answer,
  ): Promise<Answer | Failed> {
    return (await sendOnce(request, read)).answer
  }

  async function get(request: ApiRequest): Promise<ApiAnswer> {
    const raw: RawRequest = { ...request, method: 'GET' }
    if (patience === undefined) return send(raw, toAnswer)
    return patiently(async () => sendOnce(raw, toAnswer), patience)
  }

  return {
    get,
    create(path, object) {
      const body = { type: 'application/json', text: JSON.stringify(object) }
      return send({ path, method: 'POST', body }, toWriteAnswer)
    },
    patch(path, type, patch) {
      const body = { type: `application/${type}+json`, text: JSON.stringify(patch) }
      return send({ path, method: 'PATCH', body }, toWriteAnswer)
    },
    watch: (request) => streamWatch(connection, timeoutMs, request),
    close() {
      closing.abort()
      return connection.close()
    },
  }
}

/** Null for what is no JSON object or too long. */
async function readJson(body: Dispatcher.ResponseData['body']): Promise<Fields | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return null
    chunks.push(chunk)
  }
  return parseFields(Buffer.concat(chunks).toString('utf8'))
}

/** A 404 counts only with the API's own Status: a proxy's page says nothing about an object. */
function toAnswer(status: number, body: Fields | null): ApiAnswer {
  if (status === 200) {
    if (body !== null) return { status: 'ok', object: body }
    return failed('the API server gave an unreadable answer')
  }
  if (status === 404 && body?.kind === 'Status') return { status: 'not-found' }
  if (status === 410) return { status: 'expired' }
  if (status === 403) return failed('forbidden')
  if (status === 401) return failed('the API server does not accept our identity')
  return failed(`the API server answered ${status}`)
}

function toWriteAnswer(status: number, body: Fields | null): ApiWriteAnswer {
  if (status === 409) return { status: 'conflict' }
  const answer = toAnswer(status === 201 ? 200 : status, body)
  return answer.status === 'expired' ? failed('the API server answered 410') : answer
}

interface Failed {
  status: 'failed'
  reason: string
}

interface Sent<Answer> {
  answer: Answer | Failed
  again: Again | null
}

function final(answer: Failed): Sent<never> {
  return { answer, again: null }
}

function failed(reason: string): Failed {
  return { status: 'failed', reason }
}
