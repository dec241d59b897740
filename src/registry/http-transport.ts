import { isIP } from 'node:net'
import type { Dispatcher } from 'undici'
import { createAddressGuard, resolveWithSystem } from './address-guard.ts'
import type { ResolveName } from './address-guard.ts'
import { classifyFault } from './classify-fault.ts'
import { createDispatcherPool } from './dispatcher-pool.ts'
import type { TransportLimits } from './dispatcher-pool.ts'
import { hostAndPort, shownHost } from './exchange.ts'
import { createNameLine } from './name-line.ts'
import { createProxyFor } from './proxy-for.ts'
import type { ProxySettings } from './proxy-for.ts'
import type { RegistryObserver } from './registry-observer.ts'
import type { NetworkSettings } from './registry-settings.ts'
import type { HttpAnswer, HttpRequest, HttpResponse, Transport } from './transport.ts'
import { wholeResponse } from './whole-response.ts'

export interface HttpTransportOptions {
  network: NetworkSettings
  proxy: ProxySettings
  limits: TransportLimits
  observer: Pick<RegistryObserver, 'refusedAddress' | 'unguarded'>
  /** How names become addresses; the system's resolver unless given. */
  lookup?: ResolveName
  /** Milliseconds of any steady clock. */
  now: () => number
}

/** Below the deadline of a review, so that a host that hangs is told from one that was never reached. */
export const defaultTransportLimits: TransportLimits = {
  connectTimeoutMs: 4_000,
  headersTimeoutMs: 10_000,
  connectionsPerOrigin: 16,
  maxHeaderBytes: 32_768,
}

/** Where a request goes: to be refused, by a proxy, or straight to the host. */
type Way = { kind: 'refused' } | { kind: 'open'; proxy: URL | null }

/**
 * A Transport over undici: HTTP/1.1, keep-alive, no redirects, no decompression (`identity` is asked for, and what comes is never
 * unpacked), the address guard at every connect. Throws RangeError for a CIDR in `network` that is none.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { network, limits, observer, now } = options
  const guard = createAddressGuard(network)
  const proxyFor = createProxyFor(options.proxy)
  const resolving = new Map<string, number>()
  const resolve = createNameLine({ resolve: options.lookup ?? resolveWithSystem, now })
  const pool = createDispatcherPool({ guard, resolve, resolving, limits, now })
  let isClosed = false

  /** Sockets connect to a literal address without a look-up, and a proxy looks names up itself. */
  function wayOf({ url, operatorChosen }: HttpRequest): Way {
    const proxy = proxyFor(url)
    if (operatorChosen) return { kind: 'open', proxy }
    const literal = url.hostname.replace(/^\[|\]$/g, '')
    const isLiteral = isIP(literal) !== 0
    if (isLiteral && !guard.permits(literal)) return { kind: 'refused' }
    if (proxy !== null && !isLiteral) observer.unguarded({ host: hostAndPort(url) })
    return { kind: 'open', proxy }
  }

  function refuse(host: string): HttpAnswer {
    observer.refusedAddress({ host })
    return { kind: 'refused-address', host }
  }

  function answerTo(error: unknown, request: HttpRequest, proxy: URL | null): HttpAnswer {
    if (request.signal.aborted || isClosed) return { kind: 'interrupted' }
    const host = shownHost(request.url)
    const fault = classifyFault(error)
    if (fault.kind === 'refused-address') return refuse(host)
    if (fault.kind === 'tls') return { ...fault, host }
    const isResolving = proxy === null && resolving.has(request.url.hostname)
    if (fault.fault === 'connect-timeout' && isResolving) {
      const detail = 'the name was not resolved in time'
      return { kind: 'network', fault: 'name-resolution-failed', host, detail }
    }
    if (proxy === null) return { ...fault, host }
    const detail = `through the HTTP proxy ${proxy.host}: ${fault.detail}`
    return { ...fault, host, detail }
  }

  async function attempt(request: HttpRequest, proxy: URL | null): Promise<HttpAnswer> {
    const { endpoint, operatorChosen, url } = request
    const { trust } = endpoint
    try {
      const dispatcher = pool.dispatcherFor({ trust, exempt: operatorChosen, proxy })
      const isVerified = url.protocol === 'https:' && !trust.skipVerify && proxy === null
      return await exchange(dispatcher, request, isVerified)
    } catch (error) {
      return answerTo(error, request, proxy)
    }
  }

  return {
    async send(request) {
      if (request.signal.aborted || isClosed) return { kind: 'interrupted' }
      const way = wayOf(request)
      if (way.kind === 'refused') return refuse(shownHost(request.url))
      const answer = await attempt(request, way.proxy)
      return isWorthRepeating(request, answer) ? attempt(request, way.proxy) : answer
    },
    async close() {
      isClosed = true
      await pool.close()
    },
  }
}

/**
 * A server may close a kept connection just as we use it; Go's client repeats such a request, and containerd 2.3 an EOF on any. A POST
 * holds a password, which is sent once.
 */
function isWorthRepeating({ method }: HttpRequest, answer: HttpAnswer): boolean {
  if (method === 'POST' || answer.kind !== 'network') return false
  return answer.fault === 'connection-reset'
}

async function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  verified: boolean,
): Promise<HttpResponse> {
  const { url, method, headers, body, signal, maxBodyBytes } = request
  const options: Dispatcher.DispatchOptions = {
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers: { 'accept-encoding': 'identity', ...headers },
    body,
    // undici closes the connection after every HEAD unless told otherwise, and most of ours are.
    reset: false,
  }
  const limits = { signal, maxBytes: maxBodyBytes }
  const response = await wholeResponse(dispatcher, options, limits)
  return { kind: 'response', ...response, verified }
}
