import type {
  ManifestFault,
  NetworkFault,
  TlsFault,
  TokenServiceFault,
  UnauthorizedReason,
} from './faults.ts'
import type { Credential } from '../credentials/credential.ts'
import type { ImageReference } from '../reference/image-reference.ts'

/** One question: would a container runtime, given this one credential (or none), get this image. */
export interface LookupRequest {
  reference: ImageReference
  /** null: no credential, the anonymous attempt. An empty user name or password counts as anonymous too (pull-semantics 3.5). */
  credential: Credential | null
  signal: AbortSignal
  /**
   * `os/architecture[/variant]` of the nodes: the entries of an index that serve them are looked up too, and those that answer 404
   * are named in `missingChildren`. Without it none is.
   */
  platforms?: string[]
}

/** One entry of a registry's error body (distribution spec, error codes), cleaned of control characters and cut. */
export interface RegistryErrorEntry {
  code: string
  message: string
}

/** How an answer was come by: what a person would want to see, and what decides how far it can be trusted. */
export interface LookupEvidence {
  /** The registry of the image reference, such as `docker.io` or `registry.acme.io:5000`. */
  registry: string
  /** `METHOD URL` of the request that decided, without query and user info. Empty when none was sent. */
  request: string
  /** The HTTP status that decided; null when there was none. */
  status: number | null
  errors: RegistryErrorEntry[]
  /** Which of the node's hosts answered: the registry itself, or a mirror of hosts.toml. */
  via: 'origin' | 'mirror'
  /** The answer came after at least one redirect. */
  redirected: boolean
  /** TLS with a verified certificate, straight (no HTTP proxy) to the host. */
  verified: boolean
  /** Host that served after redirects, when it differs from the one asked. */
  servedBy: string | null
  /** The hop a credential was accepted on: nothing was asked, an anonymous token, or the credential itself. */
  access: 'open' | 'anonymous-token' | 'credential'
  /** HTTP requests sent for this look-up, token requests included. */
  requests: number
  /** Pull quota that the registry announced. */
  rateLimit: RateLimit | null
  /** Present where the request that would have decided was not sent, since its host is spared: this is how its last answer was. */
  unasked?: true
  /**
   * Present where the answer rests on a token request that another look-up had sent: when that was, in milliseconds of
   * `performance.now()`.
   */
  joinedMs?: number
  /** Present with a 404 that has no sign of a registry, no error code and no header, from a host that has served images. */
  unsigned?: true
  /** The address of a host that gave such a 404, or a web page, and has served no image so far: once it does, that is a doubt. */
  signlessHost?: string
  /**
   * Present when this answer is not conclusive by itself: another host of the node failed in a way that may pass, or the
   * configuration of hosts could not be used. Full sentences.
   */
  doubts?: string[]
}

/** RateLimit-* headers as Docker Hub sends them. */
export interface RateLimit {
  limit: number
  remaining: number
  windowSeconds: number
  /** docker-ratelimit-source: the address or account that is counted; never shown to a tenant. */
  source: string | null
}

/** One entry of an index that names a runnable image. */
export interface PlatformEntry {
  digest: string
  mediaType: string
  /** null: the descriptor has no platform, and the config blob decides. */
  os: string | null
  architecture: string | null
  variant: string | null
  osVersion: string | null
  osFeatures: string[]
}

export type ManifestKind = 'image' | 'index'

export interface FoundManifest {
  outcome: 'found'
  /** Empty when the registry did not tell and a GET would have been counted. */
  digest: string
  mediaType: string
  sizeBytes: number | null
  kind: ManifestKind
  /** The entries of an index, nested ones included; null when it was not read (a counted GET), or for a single image. */
  platforms: PlatformEntry[] | null
  /** Digests of index entries that answered 404. */
  missingChildren: string[]
  evidence: LookupEvidence
}

export interface ManifestNotFound {
  outcome: 'not-found'
  /** `repository` when the registry said NAME_UNKNOWN, else only the manifest is known to be absent. */
  missing: 'repository' | 'manifest'
  evidence: LookupEvidence
}

export interface Unauthorized {
  outcome: 'unauthorized'
  reason: UnauthorizedReason
  /** True when the look-up's credential was sent to the registry or its token service and refused there. */
  credentialSent: boolean
  evidence: LookupEvidence
}

export interface Forbidden {
  outcome: 'forbidden'
  evidence: LookupEvidence
}

export interface RateLimited {
  outcome: 'rate-limited'
  /** Where the 429 came from. */
  stage: 'manifest' | 'token'
  retryAfterMs: number | null
  evidence: LookupEvidence
}

/** 5xx, and every status that has no rule of its own (400, 406, 410, 412, 451, a redirect without a target). */
export interface UnexpectedStatus {
  outcome: 'unexpected-status'
  evidence: LookupEvidence
}

export interface TokenServiceFailure {
  outcome: 'token-service-failure'
  fault: TokenServiceFault
  evidence: LookupEvidence
}

export interface Unreachable {
  outcome: 'unreachable'
  fault: NetworkFault
  target: 'registry' | 'token-service'
  /** Host that was dialled, with the port where it is not 443. */
  host: string
  evidence: LookupEvidence
}

export interface Untrusted {
  outcome: 'untrusted'
  fault: TlsFault
  target: 'registry' | 'token-service'
  host: string
  /** The library's own words, cleaned and cut. */
  detail: string
  evidence: LookupEvidence
}

export interface UnusableManifest {
  outcome: 'unusable'
  fault: ManifestFault
  mediaType: string
  sizeBytes: number | null
  evidence: LookupEvidence
}

/** The connect-time guard refused the address; nothing was sent. */
export interface RefusedAddress {
  outcome: 'refused-address'
  target: 'registry' | 'token-service' | 'redirect'
  host: string
  evidence: LookupEvidence
}

/** The caller's signal fired before there was an answer. */
export interface LookupInterrupted {
  outcome: 'interrupted'
  evidence: LookupEvidence
}

export type LookupResult =
  | FoundManifest
  | ManifestNotFound
  | Unauthorized
  | Forbidden
  | RateLimited
  | UnexpectedStatus
  | TokenServiceFailure
  | Unreachable
  | Untrusted
  | UnusableManifest
  | RefusedAddress
  | LookupInterrupted

export type TagsResult =
  | { outcome: 'listed'; tags: string[]; complete: boolean }
  /** The registry says that there is no such repository (404 NAME_UNKNOWN). */
  | { outcome: 'no-repository' }
  /** Not to be had: refused, absent, unsupported, too slow. Suggestions simply stay away. */
  | { outcome: 'unavailable' }

/** The distribution API as containerd speaks it. One client serves all registries and every tenant. */
export interface RegistryClient {
  /** Never rejects for anything a registry or network does; those are outcomes. */
  lookup(request: LookupRequest): Promise<LookupResult>
  /** Tags of a repository, bounded in pages and bytes, with the same credential rules as a look-up. */
  tags(request: LookupRequest): Promise<TagsResult>
  close(): Promise<void>
}
