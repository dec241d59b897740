import { checkServerIdentity } from 'node:tls'
import type { SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { Dispatcher } from 'undici'
import { Agent, ProxyAgent } from '../http/undici.ts'
import { guardedLookup } from './address-guard.ts'
import type { AddressGuard, ResolveName } from './address-guard.ts'
import type { TlsTrust } from './endpoint.ts'
import { createTrustContext, trustFingerprint } from './trust.ts'

/** Bounds of every connection. Times are hygiene, coarse by up to a second; the deadline is the request's signal. */
export interface TransportLimits {
  connectTimeoutMs: number
  headersTimeoutMs: number
  connectionsPerOrigin: number
  maxHeaderBytes: number
}

/** Connections of one dispatcher share everything that is asked here. */
export interface Route {
  trust: TlsTrust
  /** The operator named this host: no address of it is refused. */
  exempt: boolean
  /** May hold credentials of the proxy. */
  proxy: URL | null
}

export interface DispatcherPool {
  /** Throws OpenSSL's error for a client certificate that cannot be used. */
  dispatcherFor(route: Route): Dispatcher
  /** Destroys every connection. */
  close(): Promise<void>
}

export interface DispatcherPoolOptions {
  guard: AddressGuard
  resolve: ResolveName
  resolving: Map<string, number>
  limits: TransportLimits
  now: () => number
}

/** Trust domains that are open at once; one is a certificate set, with or without the guard, by proxy or not. */
const MAX_DISPATCHERS = 64
const IDLE_MS = 300_000
/** Docker Hub and most load balancers hold idle connections for a minute; what is stale is asked once more by the transport. */
const KEEP_ALIVE_MS = 30_000
/** Go gives IPv6 300 ms before it tries IPv4 beside it. */
const NEXT_ADDRESS_AFTER_MS = 300

/**
 * One undici dispatcher for each trust domain: connections, which carry client certificates, TLS sessions and the guard's exemption, are
 * never shared between two. The least recently used one is closed when there are too many or it has idled.
 */
export function createDispatcherPool(options: DispatcherPoolOptions): DispatcherPool {
  const { now } = options
  const contexts = new LRUCache<string, SecureContext>({ max: MAX_DISPATCHERS })
  const closing = new Set<Dispatcher>()
  const dispatchers = new LRUCache<string, Dispatcher>({
    max: MAX_DISPATCHERS,
    ttl: IDLE_MS,
    updateAgeOnGet: true,
    perf: { now },
    dispose(dispatcher, _, reason) {
      if (reason !== 'delete') retire(dispatcher)
    },
  })
  let nextPurgeMs = now() + IDLE_MS

  /** Requests under way finish first. */
  function retire(dispatcher: Dispatcher): void {
    closing.add(dispatcher)
    const forget = (): boolean => closing.delete(dispatcher)
    dispatcher.close().then(forget, forget)
  }

  function contextFor(trust: TlsTrust, fingerprint: string): SecureContext {
    const known = contexts.get(fingerprint)
    if (known !== undefined) return known
    const context = createTrustContext(trust)
    contexts.set(fingerprint, context)
    return context
  }

  return {
    dispatcherFor(route) {
      if (now() >= nextPurgeMs) {
        dispatchers.purgeStale()
        nextPurgeMs = now() + IDLE_MS
      }
      const fingerprint = trustFingerprint(route.trust)
      const key = JSON.stringify([fingerprint, route.exempt, route.proxy?.href ?? null])
      const known = dispatchers.get(key)
      if (known !== undefined) return known
      const context = contextFor(route.trust, fingerprint)
      const dispatcher = createDispatcher(route, context, options)
      dispatchers.set(key, dispatcher)
      return dispatcher
    },
    async close() {
      const open = [...dispatchers.values(), ...closing]
      await Promise.all(open.map((dispatcher) => dispatcher.destroy()))
      dispatchers.clear()
    },
  }
}

function createDispatcher(
  { trust, exempt, proxy }: Route,
  secureContext: SecureContext,
  { guard, resolve, resolving, limits }: DispatcherPoolOptions,
): Dispatcher {
  const shared = {
    // On purpose: one look-up is one request, and HTTP/2 would put all of a registry's eggs into one connection.
    allowH2: false,
    pipelining: 1,
    connections: limits.connectionsPerOrigin,
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.headersTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
  }
  const tls = {
    secureContext,
    rejectUnauthorized: !trust.skipVerify,
    checkServerIdentity: checkAsGo,
    timeout: limits.connectTimeoutMs,
  }
  if (proxy === null) {
    const connect = {
      ...tls,
      lookup: guardedLookup(exempt ? null : guard, resolve, resolving),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
    }
    return new Agent({ ...shared, connect })
  }
  // The proxy is the operator's: it is never guarded, and has the system's trust.
  return new ProxyAgent({
    ...shared,
    uri: proxy.href,
    connectTimeout: limits.connectTimeoutMs,
    requestTls: tls,
    proxyTls: { timeout: limits.connectTimeoutMs },
  })
}

type CheckServerIdentity = typeof checkServerIdentity

/** Go ignores the subject's common name (since 1.15), which Node still falls back to. */
const checkAsGo: CheckServerIdentity = (host, certificate) => {
  if (certificate.subjectaltname !== undefined)
    return checkServerIdentity(host, certificate)
  const message = 'the certificate has no subject alternative names'
  return Object.assign(new Error(message), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    reason: message,
    host,
    cert: certificate,
  })
}
