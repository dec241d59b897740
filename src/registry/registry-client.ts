import { createAuthorizedRequests } from './authorized-request.ts'
import type { ClientContext } from './client-context.ts'
import { createCredentialFingerprint } from './credential-fingerprint.ts'
import type { EndpointResolver } from './endpoint.ts'
import { createExchange } from './exchange.ts'
import { createImagePlatformReader } from './image-config.ts'
import { createIndexReader } from './index-reader.ts'
import { lookupImage } from './lookup-image.ts'
import type { ImagePlatformReader } from './image-platform.ts'
import type { RegistryClient } from './lookup.ts'
import type { RegistryObserver } from './registry-observer.ts'
import { createServingHosts } from './serving-hosts.ts'
import type { ServingHosts } from './serving-hosts.ts'
import { listTags } from './tags-list.ts'
import { createTokenService } from './token-service.ts'
import type { Transport } from './transport.ts'

const DEFAULT_TOKEN_TIMEOUT_MS = 10_000

export interface ClientOptions {
  transport: Transport
  endpoints: EndpointResolver
  /** What the operator says about a registry, by its name in image references. Asked at each use, so that it may change. */
  settings: ClientContext['settings']
  observer: RegistryObserver
  /** Monotonic clock in milliseconds, by which things grow old: the other one may jump. */
  now: () => number
  /** Milliseconds since the epoch, for dates in Retry-After. */
  wallClock: () => number
  /** `pullgate/<version>`. */
  userAgent: string
  servingHosts?: ServingHosts
  /** How long a token request that several look-ups may share can take; 10 s by default. */
  tokenTimeoutMs?: number
}

/** Puts the distribution API together. Closing it closes the transport. */
export function createClient(
  options: ClientOptions,
): RegistryClient & ImagePlatformReader {
  const { transport, observer, userAgent, now, wallClock } = options
  const exchange = createExchange({ transport, observer, userAgent, now })
  const fingerprint = createCredentialFingerprint()
  const tokens = createTokenService({
    exchange,
    now,
    wallClock,
    observer,
    fingerprint,
    timeoutMs: options.tokenTimeoutMs ?? DEFAULT_TOKEN_TIMEOUT_MS,
  })
  const requests = createAuthorizedRequests({ exchange, tokens, fingerprint, now })
  const indexes = createIndexReader({ requests, observer, now })
  const { endpoints, settings } = options
  const context: ClientContext = {
    endpoints,
    settings,
    requests,
    indexes,
    servingHosts: options.servingHosts ?? createServingHosts(),
    now: wallClock,
  }
  const images = createImagePlatformReader(context)
  return {
    lookup: (request) => lookupImage(context, request),
    tags: (request) => listTags(context, request),
    imagePlatform: (request, digest) => images.imagePlatform(request, digest),
    close: () => transport.close(),
  }
}
