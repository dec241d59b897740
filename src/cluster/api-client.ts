import { Agent, ProxyAgent, type Dispatcher } from 'undici'

import { valueBefore } from '../time/value-before.ts'
import { parseFields, type Fields } from '../json/fields.ts'
import { errorCode } from '../text/error-code.ts'
import type { ApiAccess, ApiCredentials } from './api-access.ts'

/** What the API server answered. `reason` may be shown to a user. */
export type ApiAnswer =
  | { status: 'ok'; object: Fields }
  | { status: 'not-found' }
  /** 410: a continue token of a list is too old. */
  | { status: 'expired' }
  | { status: 'failed'; reason: string }

export interface ApiRequest {
  /** Below the server, such as `/api/v1/nodes`. */
  path: string
  query?: Record<string, string>
  accept?: string
}

export interface ApiClient {
  /** Never rejects; every call ends within the deadline. */
  get(request: ApiRequest): Promise<ApiAnswer>
  close(): Promise<void>
}

export interface ApiClientOptions {
  access: ApiAccess
  /** For one call, credentials and body included. */
  timeoutMs: number
}

/** A page of 500 Nodes with 50 images each is about 10 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024
const CONNECTIONS = 8

/** GET requests to the API server over one pool of connections, made anew when the TLS credentials rotate. */
export function createApiClient({ access, timeoutMs }: ApiClientOptions): ApiClient {
  const late = failed(`the API server did not answer within ${timeoutMs} ms`)
  let pool: { dispatcher: Dispatcher; identity: string } | null = null

  function dispatcherFor(tls: ApiCredentials['tls']): Dispatcher {
    const identity = JSON.stringify(tls)
    if (pool?.identity === identity) return pool.dispatcher
    // Calls under way end on the old connections.
    void pool?.dispatcher.close().catch(() => {})
    pool = { dispatcher: createDispatcher(access.proxy, tls), identity }
    return pool.dispatcher
  }

  async function send(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const credentials = await valueBefore(signal, access.credentials(), () => null)
    if (credentials === null) return late
    const { headers, tls } = credentials
    const response = await dispatcherFor(tls).request({
      origin: access.server.origin,
      path: pathOf(access.server, request),
      method: 'GET',
      headers: { ...headers, accept: request.accept ?? 'application/json' },
      signal,
    })
    const body = await readJson(response.body)
    return toAnswer(response.statusCode, body)
  }

  return {
    async get(request) {
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        return await send(request, signal)
      } catch (error) {
        if (signal.aborted) return late
        return failed(`the API server could not be asked (${reasonOf(error)})`)
      }
    },
    async close() {
      await pool?.dispatcher.destroy()
    },
  }
}

function createDispatcher(proxy: URL | null, tls: ApiCredentials['tls']): Dispatcher {
  // HTTP/1.1: a dead connection then holds up one call, not all of them.
  const options = { allowH2: false, connections: CONNECTIONS }
  return proxy === null
    ? new Agent({ ...options, connect: tls })
    : new ProxyAgent({ ...options, uri: proxy.href, requestTls: tls })
}

function pathOf(server: URL, { path, query }: ApiRequest): string {
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
  return server.pathname.replace(/\/$/, '') + path + search
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

function failed(reason: string): ApiAnswer {
  return { status: 'failed', reason }
}

/** Never the message: it might quote what a credential plugin printed. */
function reasonOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error ? error.name : 'unknown error')
}
