import type { RegistrySettings } from '../registry/registry-settings.ts'
import { defaultRegistrySettings } from './registry-fields.ts'

/** Answers the settings of any registry host: the configured ones, or the defaults. Hosts are compared exactly. */
export function registrySettingsOf(
  registries: readonly RegistrySettings[],
): (host: string) => RegistrySettings {
  const configured = new Map(registries.map((settings) => [settings.host, settings]))
  return (host) => configured.get(host) ?? defaultRegistrySettings(host)
}
