import type { Action, Mode } from '../policy/action.ts'
import type { CauseCode } from '../prediction/causes.ts'
import type {
  NodeCredentialSettings,
  RuntimeProfile,
} from '../prediction/prediction-settings.ts'
import type { NetworkSettings, RegistrySettings } from '../registry/registry-settings.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'

export interface Exemptions {
  namespaces: string[]
  /** Globs over the image as written and over its normalised form; `*` crosses slashes. */
  images: string[]
  /** Globs over the user who sends the request. */
  users: string[]
  /** Globs over `namespace:name`: of a service account that sends the request, and of the one that the Pods run as. */
  serviceAccounts: string[]
}

export interface CacheSettings {
  maxEntries: number
  maxBytes: number
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
  /** For one review as a whole; the API server's own timeout may end it earlier. */
  deadlineMs: number
  runtimeProfile: RuntimeProfile
  secrets: 'get' | 'none'
  registries: RegistrySettings[]
  hostsDirectory: string | null
  nodeCredentialHosts: string[]
  nodeCredentials: NodeCredentialSettings
  platforms: 'auto' | string[]
  /** Whether the entries of an index that serve the nodes are looked up too. */
  verifyIndexes: boolean
  preloadedImages: string[]
  network: NetworkSettings
  /** Globs over registry hosts; an image of another host is not looked up. Never empty. */
  allowedRegistries: string[]
  /** Globs over registry hosts; wins over allowedRegistries. */
  deniedRegistries: string[]
  exempt: Exemptions
  /** Whether the skip annotation is honoured. */
  allowSkip: boolean
  /** Mutating webhooks (globs over the configuration's or webhook's name) that leave images and pull secrets alone, added to the built-in list. */
  harmlessMutators: string[]
  customResources: CustomResourceRule[]
  cache: CacheSettings
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error'
}
