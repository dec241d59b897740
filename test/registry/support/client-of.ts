import type { Credential } from '../../../src/credentials/credential.ts'
import type { Endpoint } from '../../../src/registry/endpoint.ts'
import type { LookupRequest } from '../../../src/registry/lookup.ts'
import { createClient } from '../../../src/registry/registry-client.ts'
import type { ClientOptions } from '../../../src/registry/registry-client.ts'
import { silentObserver } from '../../../src/registry/registry-observer.ts'
import { tappedTransport } from './tapped-transport.ts'

export const DIGEST = `sha256:${'a'.repeat(64)}`

export function endpointOf(baseUrl: string, more: Partial<Endpoint> = {}): Endpoint {
  return {
    baseUrl,
    apiPath: '/v2',
    via: 'origin',
    namespace: null,
    capabilities: { resolve: true, pull: true },
    trust: { ca: [], clientCert: null, clientKey: null, skipVerify: false },
    headers: {},
    plainHttpFallback: null,
    operatorChosen: true,
    ...more,
  }
}

/** A client whose registry `registry.acme.test` is reached at these endpoints. */
export function clientOf(
  endpoints: Endpoint[],
  more: Partial<ClientOptions> & { countsManifestGets?: boolean; problem?: string } = {},
) {
  const { countsManifestGets = false, problem = null, ...options } = more
  return createClient({
    transport: tappedTransport(),
    endpoints: { endpoints: () => Promise.resolve({ endpoints, problem }) },
    settings: () => ({ countsManifestGets }),
    observer: silentObserver,
    now: () => performance.now(),
    wallClock: Date.now,
    userAgent: 'pullgate/0.0.0',
    ...options,
  })
}

/** A look-up of `registry.acme.test/team/app` by tag, or by digest when the name is one. */
export function requestFor(
  name = '1.0',
  credential: Credential | null = null,
  more: Partial<LookupRequest> = {},
): LookupRequest {
  const isDigest = name.includes(':')
  const written = `registry.acme.test/team/app${isDigest ? '@' : ':'}${name}`
  return {
    reference: {
      registry: 'registry.acme.test',
      repository: 'team/app',
      tag: isDigest ? null : name,
      digest: isDigest ? name : null,
      effectiveTag: isDigest ? null : name,
      pullReference: written,
    },
    credential,
    signal: AbortSignal.timeout(20_000),
    ...more,
  }
}
