/**
 * What a cause is about, which decides what can cast doubt on it: the `name` itself, the object's pull `secret`s, what the
 * registry says about `existence`, `credential`s or `platform`s, the `content` it serves, or the way to it (`connection`).
 */
export type Aspect =
  | 'name'
  | 'secret'
  | 'existence'
  | 'credential'
  | 'platform'
  | 'content'
  | 'connection'
  | 'node'

/**
 * What is known about one cause before any image is looked at. The documentation of causes is checked against this table; the rows of
 * the failure catalogue that a cause covers are in failure-catalogue.ts.
 */
export interface CauseDefinition {
  /** A few words for tables and headings. */
  title: string
  aspect: Aspect
  /** What happens to a certain finding of this cause unless the configuration says otherwise. */
  defaultAction: 'deny' | 'warn' | 'allow'
}

/**
 * Every cause, in order of severity: where an image has several findings, the first of the table names the verdict.
 * The spelling is the kubelet's where it has one. Codes are a public contract: they are never renamed.
 */
export const causes = {
  InvalidImageName: {
    title: 'the image name is not valid',
    aspect: 'name',
    defaultAction: 'deny',
  },
  RegistryNotAllowed: {
    title: 'the registry is not one we may contact',
    // Certain only by the host's name, where the operator lists what is allowed.
    aspect: 'name',
    defaultAction: 'warn',
  },
  PullSecretMalformed: {
    title: 'a pull secret cannot be decoded and blocks every image',
    aspect: 'secret',
    defaultAction: 'deny',
  },
  InvalidRegistryPort: {
    title: 'the port of the registry is out of range',
    // Not the name's: a mirror or the node itself may have the image all the same.
    aspect: 'existence',
    defaultAction: 'deny',
  },
  RepositoryNotFound: {
    title: 'the repository does not exist',
    aspect: 'existence',
    defaultAction: 'deny',
  },
  ImageNotFound: {
    title: 'the tag or digest does not exist',
    aspect: 'existence',
    defaultAction: 'deny',
  },
  CredentialsRequired: {
    title: 'the registry wants credentials and none match',
    aspect: 'credential',
    defaultAction: 'deny',
  },
  CredentialsRejected: {
    title: 'the registry refuses the credentials',
    aspect: 'credential',
    defaultAction: 'deny',
  },
  AccessDenied: {
    title: 'the credentials are good but may not pull this repository',
    aspect: 'credential',
    defaultAction: 'deny',
  },
  ChallengeUnsupported: {
    title: 'the registry answers 401 without a challenge that runtimes know',
    aspect: 'credential',
    defaultAction: 'deny',
  },
  NotARegistry: {
    title: 'a web page answered instead of a registry',
    aspect: 'content',
    defaultAction: 'deny',
  },
  UnsupportedManifest: {
    title: 'no runtime can use this manifest',
    aspect: 'content',
    defaultAction: 'deny',
  },
  ManifestIncomplete: {
    title: 'the image refers to content that the registry no longer has',
    aspect: 'content',
    defaultAction: 'deny',
  },
  PlatformMismatch: {
    title: 'there is no image for the platform of the nodes',
    aspect: 'platform',
    defaultAction: 'deny',
  },
  PlatformPartlyServed: {
    title: 'some nodes find no image for their platform',
    aspect: 'platform',
    defaultAction: 'warn',
  },
  WrongArchitecture: {
    title: 'the image is pulled but will not start on these nodes',
    aspect: 'platform',
    defaultAction: 'warn',
  },
  NotAContainerImage: {
    title: 'this is an artifact, not a container image',
    aspect: 'content',
    defaultAction: 'warn',
  },
  PullSecretMissing: {
    title: 'a pull secret does not exist',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  PullSecretWrongType: {
    title: 'a pull secret has a type that the kubelet ignores',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  PullSecretEmpty: {
    title: 'a pull secret holds no usable credentials',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  PullSecretUnnamed: {
    title: 'an entry of imagePullSecrets has no name',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  PullSecretNotMatching: {
    title: 'no key of the pull secrets matches the image',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  PullSecretStale: {
    title: 'a pull secret is refused although another one works',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  PullSecretShadowed: {
    title: 'a pull secret is never used for this image',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  CredentialExpiring: {
    title: 'a short-lived credential expires soon or has expired',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  ServiceAccountMissing: {
    title: 'the service account does not exist',
    aspect: 'secret',
    defaultAction: 'warn',
  },
  RateLimited: {
    title: 'the registry limits our requests',
    aspect: 'connection',
    defaultAction: 'warn',
  },
  RateLimitNear: {
    title: 'the pull quota is nearly used up',
    aspect: 'connection',
    defaultAction: 'warn',
  },
  CertificateUntrusted: {
    title: 'the TLS certificate of the registry is not trusted',
    aspect: 'connection',
    defaultAction: 'warn',
  },
  PlainHttpRegistry: {
    title: 'the registry speaks plain HTTP',
    aspect: 'connection',
    defaultAction: 'warn',
  },
  TokenServiceError: {
    title: 'the token service of the registry fails',
    aspect: 'connection',
    defaultAction: 'warn',
  },
  RegistryUnreachable: {
    title: 'the registry cannot be reached from here',
    aspect: 'connection',
    defaultAction: 'warn',
  },
  RegistryError: {
    title: 'the registry answers with an error',
    aspect: 'connection',
    defaultAction: 'warn',
  },
  NodeCredentialsOnly: {
    title: 'only the nodes have credentials for this registry',
    aspect: 'credential',
    defaultAction: 'warn',
  },
  ImageNotPreloaded: {
    title: 'the image is never pulled and must be on every node',
    aspect: 'node',
    defaultAction: 'warn',
  },
  NoEligibleNode: {
    title: 'no node fits the Pod now, so platforms are not judged',
    aspect: 'node',
    defaultAction: 'warn',
  },
  LoopbackRegistry: {
    title: "the registry is each node's own localhost",
    aspect: 'node',
    defaultAction: 'warn',
  },
  Unverified: {
    title: 'the image could not be judged',
    aspect: 'connection',
    defaultAction: 'warn',
  },
} as const satisfies Record<string, CauseDefinition>

export type CauseCode = keyof typeof causes

/** All codes, most severe first. */
export const causeCodes = Object.keys(causes) as CauseCode[]

/** Whether a string is the code of a cause. */
export function isCauseCode(value: string): value is CauseCode {
  return Object.hasOwn(causes, value)
}
