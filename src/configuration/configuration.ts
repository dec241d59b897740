import type { Action, Mode } from '../policy/action.ts'
import type { CauseCode } from '../prediction/causes.ts'
import type { NetworkSettings, RegistrySettings } from '../registry/registry-settings.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'

export type RuntimeProfile = 'auto' | 'containerd-2.1' | 'containerd-1.7' | 'cri-o'

export interface Exemptions {
  namespaces: string[]
  /** Globs over the image as written and over its normalised form; `*` crosses slashes. */
  images: string[]
  users: string[]
  /** `namespace:name`, or globs of it. */
  serviceAccounts: string[]
}

export interface NodeCredentialSettings {
  /** A docker config.json as on the nodes. */
  dockerConfigFile: string | null
  /** The operator vouches that dockerConfigFile is all that the nodes have: then its refusal is conclusive. */
  complete: boolean
  credentialProviderConfig: string | null
  credentialProviderBinDir: string | null
  /** Learn from running Pods which registries the nodes have credentials for. */
  learn: boolean
}

export interface CacheSettings {
  maxEntries: number
  digestTtlMs: number
  tagTtlMs: number
  refusalTtlMs: number
  errorTtlMs: number
}

/** The whole configuration with every default filled in. Durations are in milliseconds. */
export interface Configuration {
  mode: Exclude<Mode, 'off'>
  actions: Partial<Record<CauseCode, Action>>
  controllerPods: 'warn' | 'deny'
  deadlineMs: number
  /** What is done about an image that could not be looked up in time. */
  runtimeProfile: RuntimeProfile
  secrets: 'get' | 'none'
  registries: RegistrySettings[]
  hostsDirectory: string | null
  nodeCredentialHosts: string[]
  nodeCredentials: NodeCredentialSettings
  platforms: 'auto' | string[]
  preloadedImages: string[]
  network: NetworkSettings
  exempt: Exemptions
  /** Whether the skip annotation is honoured. */
  allowSkip: boolean
  /** Mutating webhooks (globs over the configuration's or webhook's name) that leave images and pull secrets alone, added to the built-in list. */
  harmlessMutators: string[]
  customResources: CustomResourceRule[]
  cache: CacheSettings
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error'
}
