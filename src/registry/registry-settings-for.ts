import type { RegistrySettings } from './registry-settings.ts'

/** Docker Hub by the name of its references, and the hosts that serve it: `registry-1.docker.io/library/nginx` is a pull there too. */
const DOCKER_HUB: ReadonlySet<string> = new Set([
  'docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
])

/** What the operator says about a registry, by its exact `host[:port]`, or the defaults. */
export function registrySettingsFor(
  registries: readonly RegistrySettings[],
  registry: string,
): RegistrySettings {
  return (
    registries.find(({ host }) => host === registry) ?? defaultRegistrySettings(registry)
  )
}

/** The settings of a registry that the configuration does not mention. */
export function defaultRegistrySettings(host: string): RegistrySettings {
  return {
    host,
    endpoint: null,
    caFile: null,
    clientCertFile: null,
    clientKeyFile: null,
    plainHttp: false,
    skip: false,
    proxy: false,
    mirrored: false,
    // https://docs.docker.com/docker-hub/usage/pulls/: a GET of a manifest is a pull, a HEAD is not.
    countsManifestGets: DOCKER_HUB.has(host),
  }
}
