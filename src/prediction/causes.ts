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

/** What is known about one cause before any image is looked at. The documentation of causes is checked against this table. */
export interface CauseDefinition {
  /** A few words for tables and headings. */
  title: string
  aspect: Aspect
  /** What happens to a certain finding of this cause unless the configuration says otherwise. */
  defaultAction: 'deny' | 'warn' | 'allow'
  /** Rows of the failure catalogue that this cause covers (docs/failure-catalogue.md). */
  rows: readonly number[]
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
    rows: [1, 2, 3, 4, 5, 6, 7, 8],
  },
  RegistryNotAllowed: {
    title: 'the registry is not one we may contact',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [],
  },
  PullSecretMalformed: {
    title: 'a pull secret cannot be decoded and blocks every image',
    aspect: 'secret',
    defaultAction: 'deny',
    rows: [33],
  },
  InvalidRegistryPort: {
    title: 'the port of the registry is out of range',
    aspect: 'name',
    defaultAction: 'deny',
    rows: [11],
  },
  RepositoryNotFound: {
    title: 'the repository does not exist',
    aspect: 'existence',
    defaultAction: 'deny',
    rows: [13],
  },
  ImageNotFound: {
    title: 'the tag or digest does not exist',
    aspect: 'existence',
    defaultAction: 'deny',
    rows: [10, 12, 14, 15, 78, 79],
  },
  CredentialsRequired: {
    title: 'the registry wants credentials and none match',
    aspect: 'credential',
    defaultAction: 'deny',
    rows: [9, 19, 20, 21, 22, 36],
  },
  CredentialsRejected: {
    title: 'the registry refuses the credentials',
    aspect: 'credential',
    defaultAction: 'deny',
    rows: [23, 24, 25, 28],
  },
  AccessDenied: {
    title: 'the credentials are good but may not pull this repository',
    aspect: 'credential',
    defaultAction: 'deny',
    rows: [26, 81],
  },
  ChallengeUnsupported: {
    title: 'the registry answers 401 without a challenge that runtimes know',
    aspect: 'credential',
    defaultAction: 'deny',
    rows: [54],
  },
  NotARegistry: {
    title: 'a web page answered instead of a registry',
    aspect: 'content',
    defaultAction: 'deny',
    rows: [57],
  },
  UnsupportedManifest: {
    title: 'no runtime can use this manifest',
    aspect: 'content',
    defaultAction: 'deny',
    rows: [58, 60, 70, 71],
  },
  ManifestIncomplete: {
    title: 'the image refers to content that the registry no longer has',
    aspect: 'content',
    defaultAction: 'deny',
    rows: [67, 68],
  },
  PlatformMismatch: {
    title: 'there is no image for the platform of the nodes',
    aspect: 'platform',
    defaultAction: 'deny',
    rows: [61, 65],
  },
  PlatformPartlyServed: {
    title: 'some nodes find no image for their platform',
    aspect: 'platform',
    defaultAction: 'warn',
    rows: [62, 63],
  },
  WrongArchitecture: {
    title: 'the image is pulled but will not start on these nodes',
    aspect: 'platform',
    defaultAction: 'warn',
    rows: [64],
  },
  NotAContainerImage: {
    title: 'this is an artifact, not a container image',
    aspect: 'content',
    defaultAction: 'warn',
    rows: [66],
  },
  PullSecretMissing: {
    title: 'a pull secret does not exist',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [30, 31],
  },
  PullSecretWrongType: {
    title: 'a pull secret has a type that the kubelet ignores',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [32],
  },
  PullSecretEmpty: {
    title: 'a pull secret holds no usable credentials',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [34, 35],
  },
  PullSecretUnnamed: {
    title: 'an entry of imagePullSecrets has no name',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [],
  },
  PullSecretNotMatching: {
    title: 'no key of the pull secrets matches the image',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [29],
  },
  PullSecretStale: {
    title: 'a pull secret is refused although another one works',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [27],
  },
  PullSecretShadowed: {
    title: 'a pull secret is never used for this image',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [],
  },
  CredentialExpiring: {
    title: 'a short-lived credential expires soon or has expired',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [38],
  },
  ServiceAccountMissing: {
    title: 'the service account does not exist',
    aspect: 'secret',
    defaultAction: 'warn',
    rows: [37],
  },
  RateLimited: {
    title: 'the registry limits our requests',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [40],
  },
  RateLimitNear: {
    title: 'the pull quota is nearly used up',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [41],
  },
  CertificateUntrusted: {
    title: 'the TLS certificate of the registry is not trusted',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [46, 47, 48],
  },
  PlainHttpRegistry: {
    title: 'the registry speaks plain HTTP',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [49],
  },
  TokenServiceError: {
    title: 'the token service of the registry fails',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [55, 56],
  },
  RegistryUnreachable: {
    title: 'the registry cannot be reached from here',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [17, 18, 44, 45, 52, 53],
  },
  RegistryError: {
    title: 'the registry answers with an error',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [42, 43, 82, 84],
  },
  NodeCredentialsOnly: {
    title: 'only the nodes have credentials for this registry',
    aspect: 'credential',
    defaultAction: 'warn',
    rows: [39],
  },
  ImageNotPreloaded: {
    title: 'the image is never pulled and must be on every node',
    aspect: 'node',
    defaultAction: 'warn',
    rows: [74, 75],
  },
  LoopbackRegistry: {
    title: "the registry is each node's own localhost",
    aspect: 'node',
    defaultAction: 'warn',
    rows: [50],
  },
  Unverified: {
    title: 'the image could not be judged',
    aspect: 'connection',
    defaultAction: 'warn',
    rows: [],
  },
} as const satisfies Record<string, CauseDefinition>

export type CauseCode = keyof typeof causes

/** All codes, most severe first. */
export const causeCodes = Object.keys(causes) as CauseCode[]

/** Whether a string is the code of a cause. */
export function isCauseCode(value: string): value is CauseCode {
  return Object.hasOwn(causes, value)
}
