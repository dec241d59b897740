/** Why a host could not be asked, or was not. */
export type NetworkFault =
  | 'name-not-found'
  | 'name-resolution-failed'
  | 'connection-refused'
  | 'connection-reset'
  | 'connect-timeout'
  | 'response-timeout'
  | 'too-many-redirects'
  | 'invalid-port'
  | 'network-unreachable'
  | 'protocol-error'
  /** The HTTP proxy on the way opens no tunnel to the host. */
  | 'proxy-refused'
  /** Not asked: in this process's life no request to that host was answered. */
  | 'never-reached'
  /** Not asked: as many requests to that host as may wait are waiting. */
  | 'too-many-waiting'

/** Why the certificate of a host is not trusted. */
export type TlsFault =
  | 'unknown-authority'
  | 'name-mismatch'
  | 'expired'
  | 'not-yet-valid'
  | 'plain-http'
  | 'other'

/** Why a token service gave no token although nobody was refused. */
export type TokenServiceFault = 'no-realm' | 'no-token' | 'not-json' | 'status'

/**
 * An answer that no runtime can use (pull-semantics 4.3, 4.6): `web-page` HTML; `content-type` missing or foreign;
 * `schema1` Docker image manifest version 1; `too-large` over 4,393,216 bytes; `digest-mismatch` header and body differ, or the
 * header is no digest;
 * `bad-manifest` the body is not what its type says.
 */
export type ManifestFault =
  | 'web-page'
  | 'content-type'
  | 'schema1'
  | 'too-large'
  | 'digest-mismatch'
  | 'bad-manifest'

/**
 * 401, by where it happened (pull-semantics 4.4):
 * `no-credentials` Basic challenge and nothing to send; `rejected` the credential was sent with Basic and refused;
 * `token-refused` the token service refused (401 or 403), with or without the credential; `insufficient-scope` a token was
 * given but does not open the repository; `still-unauthorized` 401 again after a token, without an error parameter (Quay);
 * `no-challenge` no usable WWW-Authenticate.
 */
export type UnauthorizedReason =
  | 'no-credentials'
  | 'rejected'
  | 'token-refused'
  | 'insufficient-scope'
  | 'still-unauthorized'
  | 'no-challenge'
