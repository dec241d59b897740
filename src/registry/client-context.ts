import type { AuthorizedRequests } from './authorized-request.ts'
import type { EndpointResolver } from './endpoint.ts'
import type { IndexReader } from './index-reader.ts'
import type { RegistrySettings } from './registry-settings.ts'
import type { ServingHosts } from './serving-hosts.ts'

/** What every operation of a registry client shares. */
export interface ClientContext {
  endpoints: EndpointResolver
  /** What the operator says about a registry, by its name in image references. */
  settings: (registry: string) => Pick<RegistrySettings, 'countsManifestGets'>
  requests: AuthorizedRequests
  indexes: IndexReader
  servingHosts: ServingHosts
  /** Milliseconds since the epoch. */
  now: () => number
}
