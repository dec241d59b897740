import type { CauseCode } from '../../prediction/causes.ts'

/**
 * What a kubelet's or container runtime's error text is about. Registries hide what is private, so several causes may stand
 * behind one class.
 */
export type PullErrorClass =
  | 'invalid-name'
  | 'never-pulled'
  | 'exec-format'
  | 'platform'
  | 'content'
  | 'access-denied'
  | 'no-credentials'
  | 'wrong-credentials'
  | 'unauthorized'
  | 'forbidden'
  | 'rate-limited'
  | 'server-error'
  | 'other-status'
  | 'token-service'
  | 'tls'
  | 'plain-http'
  | 'network'
  | 'pull-secret'
  | 'disk-full'
  | 'not-found'

interface ErrorClass {
  name: PullErrorClass
  pattern: RegExp
  /** A few words for people. */
  words: string
  /** What Pullgate may call it. */
  causes: readonly CauseCode[]
}

/**
 * In this order: the first that matches names the class. The texts are those of containerd and the kubelet (pull-semantics 4.7:
 * exact final texts, what `kubectl describe pod` shows).
 */
const CLASSES: readonly ErrorClass[] = [
  {
    name: 'invalid-name',
    pattern:
      /InvalidImageName|invalid reference format|couldn't parse image (?:name|reference)/i,
    words: 'the image name is not valid',
    causes: ['InvalidImageName'],
  },
  {
    name: 'never-pulled',
    pattern: /ErrImageNeverPull|is not present with pull policy of Never/,
    words: 'imagePullPolicy is Never and the node does not hold the image',
    causes: ['ImageNotPreloaded'],
  },
  {
    name: 'exec-format',
    pattern: /exec format error/,
    words: 'the image is for another architecture than the node',
    causes: ['WrongArchitecture', 'NotAContainerImage'],
  },
  {
    name: 'platform',
    pattern:
      /no match for platform|no matching manifest for|get image config descriptor: content digest \S+ not found|mismatched image rootfs/,
    words: 'the index has no image for the platform of the node',
    causes: ['PlatformMismatch', 'PlatformPartlyServed', 'NotAContainerImage'],
  },
  {
    name: 'content',
    pattern:
      /schema 1|no longer supported|unexpected media type|media-type: expected|unknown media type|mediaType in manifest|no processor for media-type|could not fetch content descriptor|wrong diff id|unexpected commit digest|failed precondition|rejecting \d+ byte|not a valid digest/,
    words: 'the registry serves something that the runtime cannot use',
    causes: [
      'UnsupportedManifest',
      'NotARegistry',
      'NotAContainerImage',
      'ManifestIncomplete',
    ],
  },
  {
    name: 'disk-full',
    pattern: /no space left on device|disk quota exceeded/,
    words: 'the disk of the node is full',
    causes: [],
  },
  {
    name: 'token-service',
    pattern:
      /no realm specified|did not include a token|unable to decode token|invalid realm|fetch (?:oauth|anonymous) token: unexpected status\b.*: (?:400|404|5\d\d) /s,
    words: 'the token service of the registry does not work',
    causes: ['TokenServiceError'],
  },
  {
    name: 'access-denied',
    pattern: /insufficient_scope|invalid_token/,
    words: 'the registry gives no access to this repository, or it does not exist',
    causes: [
      'AccessDenied',
      'CredentialsRequired',
      'RepositoryNotFound',
      'NodeCredentialsOnly',
    ],
  },
  {
    name: 'no-credentials',
    pattern: /no basic auth credentials|anonymous token: .*: 40[13] /s,
    words: 'the registry wants credentials and got none',
    causes: ['CredentialsRequired', 'RepositoryNotFound', 'NodeCredentialsOnly'],
  },
  {
    name: 'wrong-credentials',
    pattern: /oauth token: .*: 40[13] |incorrect username or password/s,
    words: 'the token service refuses the credentials',
    causes: ['CredentialsRejected', 'AccessDenied'],
  },
  {
    name: 'rate-limited',
    pattern: /\b429 Too Many Requests|toomanyrequests|pull rate limit/i,
    words: 'the registry limits how often this node, or its network, may pull',
    causes: ['RateLimited', 'RateLimitNear'],
  },
  {
    name: 'unauthorized',
    pattern: /: 401 |\b401 Unauthorized/i,
    words: 'the registry refuses the credentials, or wants some',
    causes: [
      'CredentialsRejected',
      'CredentialsRequired',
      'ChallengeUnsupported',
      'AccessDenied',
      'NodeCredentialsOnly',
    ],
  },
  {
    name: 'forbidden',
    pattern: /: 403 |\b403 Forbidden/i,
    words: 'the registry forbids this pull',
    causes: ['AccessDenied', 'CredentialsRejected', 'NodeCredentialsOnly'],
  },
  {
    name: 'server-error',
    pattern: /: 5\d\d |\b50[0234] (?:Internal|Bad Gateway|Service|Gateway)/,
    words: 'the registry has a fault of its own',
    causes: ['RegistryError', 'TokenServiceError'],
  },
  {
    name: 'other-status',
    pattern: /unexpected status (?:code|from).*[:\s][34]\d\d /s,
    words: 'the registry gives an answer that is not foreseen',
    causes: ['RegistryError', 'TokenServiceError'],
  },
  {
    name: 'plain-http',
    pattern:
      /server gave HTTP response to HTTPS client|does not look like a TLS handshake/,
    words: 'the registry speaks plain HTTP where the node expects TLS',
    causes: ['PlainHttpRegistry', 'CertificateUntrusted'],
  },
  {
    name: 'tls',
    pattern: /x509:|tls: |certificate signed by|certificate has expired/,
    words: 'the node does not trust the certificate of the registry',
    causes: ['CertificateUntrusted'],
  },
  {
    name: 'network',
    pattern:
      /dial tcp|no such host|server misbehaving|i\/o timeout|\bEOF\b|connection re(?:set|fused)|timeout awaiting response headers|context (?:canceled|deadline exceeded)|DeadlineExceeded|TLS handshake timeout|network is unreachable|no route to host|stopped after 10 redirects|malformed HTTP/,
    words: 'the node does not reach the registry',
    causes: [
      'RegistryUnreachable',
      'InvalidRegistryPort',
      'LoopbackRegistry',
      'RegistryNotAllowed',
      'Unverified',
    ],
  },
  {
    name: 'pull-secret',
    pattern:
      /retrieve some image pull secrets|unexpected end of JSON input|illegal base64/,
    words: 'a pull secret is missing or cannot be read',
    causes: ['PullSecretMissing', 'PullSecretMalformed', 'PullSecretWrongType'],
  },
  {
    name: 'not-found',
    pattern: /not found|manifest unknown|MANIFEST_UNKNOWN|NAME_UNKNOWN/,
    words: 'the registry has no such tag, digest or repository',
    causes: ['ImageNotFound', 'RepositoryNotFound', 'ManifestIncomplete'],
  },
]

export interface PullError {
  /** Null for a text that is not known here. */
  class: PullErrorClass | null
  words: string
  /** What Pullgate may call it; empty where it cannot see such a thing, as a full disk. */
  causes: readonly CauseCode[]
}

/** What a text of a kubelet or a container runtime is about. Pure. */
export function classifyPullError(text: string): PullError {
  const found = CLASSES.find(({ pattern }) => pattern.test(text))
  if (found === undefined)
    return { class: null, words: 'a text that is not known here', causes: [] }
  return { class: found.name, words: found.words, causes: found.causes }
}

/** Whether a finding of this cause is one that a failed pull can come from; the others are hints. */
export function canFailPull(cause: CauseCode): boolean {
  return FAILING.has(cause)
}

/** Pulled without, or only close to failing. */
const HINTS: ReadonlySet<CauseCode> = new Set([
  'RateLimitNear',
  'PullSecretMissing',
  'PullSecretWrongType',
])

const FAILING: ReadonlySet<CauseCode> = new Set(
  CLASSES.flatMap(({ causes }) => causes).filter((cause) => !HINTS.has(cause)),
)
