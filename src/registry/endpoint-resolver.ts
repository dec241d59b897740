import { createBoundedCache } from '../cache/bounded-cache.ts'
import { printable } from '../text/printable.ts'
import { defaultHost, portOf } from './default-host.ts'
import type { Endpoint, EndpointResolver } from './endpoint.ts'
import { parseHostAddress } from './host-config.ts'
import type { HostAddress, HostConfig } from './host-config.ts'
import { readHostsDirectory } from './hosts-directory.ts'
import type { HostsFile } from './parse-hosts-toml.ts'
import { createTrustReader } from './read-trust.ts'
import { registrySettingsFor } from './registry-settings-for.ts'
import type { RegistrySettings } from './registry-settings.ts'
import { createTextFiles } from './text-files.ts'

export interface EndpointResolverOptions {
  registries: RegistrySettings[]
  /** A tree of hosts.toml files as containerd's `config_path`; null for none. */
  hostsDirectory: string | null
  /** Milliseconds of any steady clock. */
  now: () => number
}

interface Candidate {
  config: HostConfig
  via: Endpoint['via']
  operatorChosen: boolean
  /** containerd adds `ns` wherever it asks another host than the registry's own; our own `endpoint` setting is that host. */
  namespace: string | null
}

type Resolved = Awaited<ReturnType<EndpointResolver['endpoints']>>

/** How old an answer may be; files are looked at again after it. */
const FRESH_MS = 2_000
const MAX_REGISTRIES = 1_024
/** Addresses and a problem of 1,000 characters; certificates are those of `text-files.ts`, which all hosts share. */
const ENDPOINTS_BYTES = 4_096
const MAX_PROBLEM_CHARACTERS = 1_000

/**
 * Decides as containerd does where a registry is asked (pull-semantics 4.1): hosts.toml says where; a host's entry in `registries` adds
 * its CA and client certificate to whichever endpoint is that host, and to the registry's origin. `endpoint` and `plainHttp` move the
 * origin where hosts.toml names no `server`.
 */
export function createEndpointResolver(
  options: EndpointResolverOptions,
): EndpointResolver {
  const { registries, hostsDirectory, now } = options
  const files = createTextFiles()
  const trustReader = createTrustReader(files)
  const resolved = createBoundedCache<Promise<Resolved>>({
    maxEntries: MAX_REGISTRIES,
    maxBytes: MAX_REGISTRIES * ENDPOINTS_BYTES,
    sizeOf: () => ENDPOINTS_BYTES / 2,
    now,
  })

  async function resolve(registry: string): Promise<Resolved> {
    const problems: string[] = []
    const report = (problem: string): void => void problems.push(problem)
    const entry =
      hostsDirectory === null
        ? null
        : await readHostsDirectory(hostsDirectory, registry, files)
    problems.push(...(entry?.problems ?? []))
    const settings = registrySettingsFor(registries, registry)
    const candidates = [
      ...mirrorsOf(entry?.file ?? null, registry),
      originOf(entry?.file ?? null, settings, report),
    ]
    const endpoints: Endpoint[] = []
    for (const candidate of candidates) {
      const { config, via } = candidate
      const own = registries.find(({ host }) => host === config.host) ?? null
      const trust = await trustReader.read(
        config,
        via === 'origin' ? settings : own,
        report,
      )
      endpoints.push(toEndpoint(candidate, trust))
    }
    const told = printable([...new Set(problems)].join('; '), MAX_PROBLEM_CHARACTERS)
    return { endpoints, problem: told === '' ? null : told }
  }

  return {
    endpoints(registry) {
      const known = resolved.get(registry)
      if (known !== undefined) return known
      const pending = resolve(registry)
      resolved.set(registry, pending, FRESH_MS)
      return pending
    },
  }
}

function mirrorsOf(file: HostsFile | null, registry: string): Candidate[] {
  return (file?.mirrors ?? []).map((config) => {
    const isOwn = isRegistryItself(config.host, registry)
    return {
      config,
      via: isOwn ? 'origin' : 'mirror',
      operatorChosen: true,
      namespace: isOwn ? null : registry,
    }
  })
}

function originOf(
  file: HostsFile | null,
  settings: RegistrySettings,
  report: (problem: string) => void,
): Candidate {
  const registry = settings.host
  const server = file?.server
  if (server !== undefined && server.address !== null) {
    const config = { ...server.options, ...server.address }
    const namespace = isRegistryItself(config.host, registry) ? null : registry
    return { config, via: 'origin', operatorChosen: true, namespace }
  }
  const config = defaultHost(registry, server?.options)
  const named = configuredAddress(settings)
  if (named === 'unusable') report(`endpoint of ${registry} is not the address of a host`)
  if (named !== null && named !== 'unusable') {
    // A loopback registry loses its leniency once it is said to be elsewhere.
    const skipVerify = server?.options.skipVerify ?? null
    return {
      config: { ...config, skipVerify, ...named },
      via: 'origin',
      operatorChosen: true,
      namespace: null,
    }
  }
  const plain: HostConfig = { ...config, scheme: 'http', skipVerify: null }
  return {
    config: settings.plainHttp ? plain : config,
    via: 'origin',
    operatorChosen: false,
    namespace: null,
  }
}

function configuredAddress({
  endpoint,
  plainHttp,
}: RegistrySettings): HostAddress | null | 'unusable' {
  if (endpoint === null) return null
  const scheme = plainHttp ? 'http' : 'https'
  const text = endpoint.includes('://') ? endpoint : `${scheme}://${endpoint}`
  return parseHostAddress(text, false) ?? 'unusable'
}

function isRegistryItself(host: string, registry: string): boolean {
  return (
    host === registry || (registry === 'docker.io' && host === 'registry-1.docker.io')
  )
}

/** Plain HTTP with TLS options on an ambiguous port: containerd tries https first and falls back on a TLS record error. */
function toEndpoint(candidate: Candidate, trust: Endpoint['trust']): Endpoint {
  const { config, via, operatorChosen, namespace } = candidate
  const { scheme, host, prefix, apiPath, capabilities, headers } = config
  const hasTls =
    config.caFiles !== null || config.clientPairs !== null || config.skipVerify !== null
  const isAmbiguous = scheme === 'http' && hasTls && portOf(host) !== '80'
  return {
    baseUrl: `${isAmbiguous ? 'https' : scheme}://${host}${prefix}`,
    apiPath,
    via,
    namespace,
    capabilities,
    trust,
    headers,
    plainHttpFallback: isAmbiguous ? `http://${host}${prefix}` : null,
    operatorChosen,
  }
}
