import type { RegistrySettings } from '../registry/registry-settings.ts'

export type RuntimeProfile = 'auto' | 'containerd-2.1' | 'containerd-1.7' | 'cri-o'

/** Files with credentials of nodes that cannot be seen from here. */
export interface NodeCredentialSources {
  /** A docker config.json as on the nodes. */
  dockerConfigFile: string | null
  /** The operator vouches that dockerConfigFile is all that the nodes have: then its refusal is conclusive. */
  complete: boolean
  credentialProviderConfig: string | null
  credentialProviderBinDir: string | null
}

/** Credentials that only the nodes with these labels have, beside those of every node. */
export interface NodePoolCredentials extends NodeCredentialSources {
  /** Never empty. */
  nodeSelector: Record<string, string>
}

/** What an operator tells of the credentials that nodes have: those of every node, and those of some. */
export interface NodeCredentialSettings extends NodeCredentialSources {
  /** Learn from running Pods which registries the nodes have credentials for. */
  learn: boolean
  pools?: NodePoolCredentials[]
}

/** The part of the configuration that predictions depend on. */
export interface PredictionSettings {
  runtimeProfile: RuntimeProfile
  secrets: 'get' | 'none'
  /** Added to the built-in list of hosts for which only nodes have credentials. */
  nodeCredentialHosts: string[]
  nodeCredentials: NodeCredentialSettings
  platforms: 'auto' | string[]
  /** Look up each entry of an index that serves the nodes: a clean-up of the registry may have deleted it. */
  verifyIndexes: boolean
  preloadedImages: string[]
  /** Globs over registry hosts that images may be from; every one when absent. */
  allowedRegistries?: string[]
  /** Globs over registry hosts that images may not be from, whatever allowedRegistries says; none when absent. */
  deniedRegistries?: string[]
  /** Globs over names of mutating webhooks that leave images and pull secrets alone, added to the built-in list. */
  harmlessMutators: string[]
  /** What the operator says about a registry, with defaults filled in. */
  registrySettings: (registry: string) => RegistrySettings
}
