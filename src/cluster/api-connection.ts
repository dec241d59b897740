import type { Dispatcher } from 'undici'
import { Agent, ProxyAgent } from '../http/undici.ts'
import { errorCode } from '../text/error-code.ts'
import { valueBefore } from '../time/value-before.ts'
import {
  CredentialsUnreadable,
  type ApiAccess,
  type ApiCredentials,
} from './api-access.ts'

export interface ApiRequest {
  /** Below the server, such as `/api/v1/nodes`. */
  path: string
  query?: Record<string, string>
  accept?: string
}

export interface RawRequest extends ApiRequest {
  method: 'GET' | 'POST' | 'PATCH'
  body?: { type: string; text: string }
}

/** The one pool of connections to the API server, made anew when the TLS credentials rotate. */
export interface ApiConnection {
  /** Null when the credentials do not come before the signal fires; else rejects as undici does, or as the credentials do. */
  request(
    request: RawRequest,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData | null>
  close(): Promise<void>
}

/** Two of them are watches. */
const CONNECTIONS = 10

export function createApiConnection(access: ApiAccess): ApiConnection {
  let pool: { dispatcher: Dispatcher; identity: string } | null = null

  function dispatcherFor(tls: ApiCredentials['tls']): Dispatcher {
    const identity = JSON.stringify(tls)
    if (pool?.identity === identity) return pool.dispatcher
    // Calls under way end on the old connections.
    void pool?.dispatcher.close().catch(() => {})
    pool = { dispatcher: createDispatcher(access.proxy, tls), identity }
    return pool.dispatcher
  }

  return {
    async request(request, signal) {
      const credentials = await valueBefore(signal, access.credentials(), () => null)
      if (credentials === null) return null
      const { headers, tls } = credentials
      const { body } = request
      return dispatcherFor(tls).request({
        origin: access.server.origin,
        path: pathOf(access.server, request),
        method: request.method,
        headers: {
          ...headers,
          accept: request.accept ?? 'application/json',
          ...(body === undefined ? {} : { 'content-type': body.type }),
        },
        ...(body === undefined ? {} : { body: body.text }),
        // A watch may be silent for longer than undici waits; whoever calls has a deadline of its own.
        bodyTimeout: 0,
        signal,
      })
    },
    async close() {
      await pool?.dispatcher.destroy()
    },
  }
}

/** No other error's message: it might quote what a credential plugin printed. */
export function connectionFault(error: unknown): string {
  if (error instanceof CredentialsUnreadable)
    return `the API server could not be asked (${error.message})`
  const name = errorCode(error) ?? (error instanceof Error ? error.name : 'unknown error')
  return `the API server could not be asked (${name})`
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
