import { createEndpointResolver } from './endpoint-resolver.ts'
import { createGentleTransport, gentleLimits } from './gentle-transport.ts'
import { createHttpTransport, defaultTransportLimits } from './http-transport.ts'
import type { ImagePlatformReader } from './image-platform.ts'
import type { RegistryClient } from './lookup.ts'
import type { ProxySettings } from './proxy-for.ts'
import { originHealthOfProcess } from './origin-health.ts'
import type { OriginHealth } from './origin-health.ts'
import { createClient } from './registry-client.ts'
import { silentObserver } from './registry-observer.ts'
import type { RegistryObserver } from './registry-observer.ts'
import { registrySettingsFor } from './registry-settings-for.ts'
import type { NetworkSettings, RegistrySettings } from './registry-settings.ts'
import { createServingHosts } from './serving-hosts.ts'
import type { ServingHosts } from './serving-hosts.ts'

export interface RegistryClientOptions {
  /** What is known of single registries; the others are reached at `https://<host>`. */
  registries?: RegistrySettings[]
  /** A tree of hosts.toml files as the nodes have it. */
  hostsDirectory?: string | null
  /** Addresses the connect-time guard lets through or refuses, beside its built-in list. */
  network?: NetworkSettings
  /** HTTP proxies, as Go reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  proxy?: ProxySettings
  observer?: RegistryObserver
  /** Which hosts are down or want a pause, and which ever answered, where that shall outlive this client. */
  health?: OriginHealth
  /** Which hosts served images, where whoever remembers answers has to know it. */
  servingHosts?: ServingHosts
  userAgent?: string
  /** When a look-up is given up: a host that does not answer for most of it is taken to be down. */
  lookupTimeoutMs?: number
}

/** As that of the configuration. */
const DEFAULT_LOOKUP_TIMEOUT_MS = 8_000

/** A client of the OCI distribution API that asks as containerd does. Close it to end its connections. */
export function createRegistryClient(
  options: RegistryClientOptions = {},
): RegistryClient & ImagePlatformReader {
  const {
    registries = [],
    hostsDirectory = null,
    network = { allow: [], deny: [] },
    proxy = { httpProxy: null, httpsProxy: null, noProxy: null },
    observer = silentObserver,
    health = originHealthOfProcess(observer),
    servingHosts = createServingHosts(),
    userAgent = 'pullgate',
    lookupTimeoutMs = DEFAULT_LOOKUP_TIMEOUT_MS,
  } = options
  return createClient({
    transport: createGentleTransport({
      transport: createHttpTransport({
        network,
        proxy,
        limits: defaultTransportLimits,
        observer,
        now,
      }),
      limits: gentleLimits(lookupTimeoutMs),
      health,
      observer,
      now,
    }),
    endpoints: createEndpointResolver({ registries, hostsDirectory, now }),
    settings: (registry) => registrySettingsFor(registries, registry),
    observer,
    servingHosts,
    now,
    wallClock: Date.now,
    userAgent,
  })
}

/** Milliseconds of a clock that never goes back. */
function now(): number {
  return performance.now()
}
