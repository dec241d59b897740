import type { CauseCode } from '../../src/prediction/causes.ts'
import type { FailureClass } from './scenario.ts'

/** In this order: the first that matches names the class. The texts are those of pull-semantics 4.7. */
const texts: readonly (readonly [RegExp, FailureClass])[] = [
  [/invalid reference format|failed to parse image reference/, 'NAME'],
  [
    /no match for platform|content digest \S+ not found|mismatched image rootfs/,
    'PLATFORM',
  ],
  [
    /schema 1|no longer supported|unexpected media type|media-type: expected/,
    'MEDIATYPE',
  ],
  [/rejecting \d+ byte|mediaType in manifest|unknown media type/, 'MEDIATYPE'],
  [/no signatures|unable to (?:prepare|parse) signature|failed to convert/i, 'MEDIATYPE'],
  // Of layers and configs it tells that they are gone; of anything else that it was taken for a blob.
  [
    /content descriptor \S+ \((?!\S*(?:layer|rootfs|config|container\.image))[^)]*\) from remote/,
    'MEDIATYPE',
  ],
  [/no processor for media-type/, 'MEDIATYPE'],
  [/short read|content size of zero|read expected number of bytes/, 'DIGEST'],
  [
    /unexpected commit digest|not a valid digest|invalid checksum|failed precondition/,
    'DIGEST',
  ],
  [
    /no realm specified|did not include a token|unsupported protocol scheme|unable to decode token|invalid realm/,
    'TOKEN',
  ],
  [/stopped after 10 redirects/, 'NETWORK'],
  [/insufficient_scope|invalid_token/, 'DENIED'],
  [/no basic auth credentials|anonymous token: .*: 40[13] /, 'NO_CREDENTIALS'],
  [/oauth token: .*: 40[13] /, 'BAD_CREDENTIALS'],
  [/: 401 /, 'UNAUTHORIZED'],
  [/: 403 /, 'FORBIDDEN'],
  [/: 429 /, 'RATE_LIMITED'],
  [/: 50\d /, 'SERVER_ERROR'],
  [/: [34]\d\d /, 'STATUS'],
  [/x509|tls:|server gave HTTP response to HTTPS client|certificate/, 'TLS'],
  [
    /dial tcp|EOF|connection re(?:set|fused)|no such host|timeout|ended by the suite|malformed HTTP/,
    'NETWORK',
  ],
  [/not found/, 'NOT_FOUND'],
]

/** The class of a runtime's text; null when it is none that is known here. */
export function classify(text: string): FailureClass | null {
  return texts.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/** What a judge may have seen where Pullgate names this cause. */
export const classesOfCause: Readonly<
  Partial<Record<CauseCode, readonly FailureClass[]>>
> = {
  InvalidImageName: ['NAME'],
  InvalidRegistryPort: ['NETWORK'],
  LoopbackRegistry: ['NOT_FOUND', 'NETWORK', 'TLS'],
  PullSecretMalformed: ['SECRET'],
  RepositoryNotFound: ['NOT_FOUND'],
  ImageNotFound: ['NOT_FOUND'],
  // A registry that hides what is private gives a token without rights (DENIED) where another asks for a password.
  CredentialsRequired: ['NO_CREDENTIALS', 'UNAUTHORIZED', 'DENIED'],
  CredentialsRejected: ['BAD_CREDENTIALS', 'UNAUTHORIZED'],
  AccessDenied: ['DENIED', 'FORBIDDEN', 'UNAUTHORIZED'],
  ChallengeUnsupported: ['UNAUTHORIZED'],
  NotARegistry: ['MEDIATYPE'],
  NotAContainerImage: ['MEDIATYPE'],
  UnsupportedManifest: ['MEDIATYPE', 'DIGEST'],
  ManifestIncomplete: ['NOT_FOUND'],
  PlatformMismatch: ['PLATFORM'],
  PlatformPartlyServed: ['PLATFORM'],
  RateLimited: ['RATE_LIMITED'],
  CertificateUntrusted: ['TLS'],
  PlainHttpRegistry: ['TLS'],
  TokenServiceError: ['TOKEN', 'SERVER_ERROR', 'RATE_LIMITED', 'STATUS'],
  RegistryUnreachable: ['NETWORK'],
  RegistryError: ['SERVER_ERROR', 'STATUS'],
  Unverified: ['NETWORK'],
}
