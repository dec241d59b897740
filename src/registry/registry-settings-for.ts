import type { RegistrySettings } from './registry-settings.ts'

/** What the operator says about a registry, by its exact `host[:port]`, or the defaults. */
export function registrySettingsFor(
  registries: readonly RegistrySettings[],
  registry: string,
): RegistrySettings {
  const found = registries.find(({ host }) => host === registry)
  if (found !== undefined) return found
  return {
    host: registry,
    endpoint: null,
    caFile: null,
    clientCertFile: null,
    clientKeyFile: null,
    plainHttp: false,
    skip: false,
    proxy: false,
    mirrored: false,
    countsManifestGets: registry === 'docker.io',
  }
}
