import { parseFields } from '../json/fields.ts'
import type { CredentialOrigin, KeyringMatch } from './credential.ts'
import { createNodeCredentialHostMatcher } from './node-credential-hosts.ts'
import { toIndexKey } from './keyring.ts'

/** A credential that is made to expire. Holds nothing of its value but the time that it carries in itself. */
export interface TokenHealth {
  kind: 'ecr' | 'google-access-token' | 'jwt'
  /**
   * `expired` and `expiring` rest on the time inside of the token; `maybe-expired` on the age of the Secret alone, which may
   * have been renewed in place since it was created.
   */
  state: 'valid' | 'expiring' | 'expired' | 'maybe-expired' | 'unknown'
  expiresAtMs: number | null
  origin: CredentialOrigin
}

export interface TokenHealthOptions {
  /** Wall-clock time in ms since the epoch. */
  nowMs: number
  /** creationTimestamp of the Secret in ms, null when it is not known or the credential is not from a Secret. */
  createdAtMs: number | null
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html: "valid for 12 hours". */
const ECR_LIFE_MS = 12 * HOUR_MS
/** https://cloud.google.com/artifact-registry/docs/docker/authentication: an access token is valid for 60 minutes. */
const GOOGLE_LIFE_MS = HOUR_MS
/** A deploy and its restarts within this time still find the token. Pull-semantics 8, row 38, warns in the last hour of twelve. */
const EXPIRING_WITHIN_MS = HOUR_MS
/** Tokens are a few kB; what is longer is not decoded. */
const MAX_TOKEN_LENGTH = 16_384

const cloudHost = createNodeCredentialHostMatcher()

/**
 * Whether a credential is a short-lived token, and until when it works. Null for what does not look like one. Nothing is
 * verified: the registry is the judge, this only explains its refusal or warns before it.
 */
export function checkTokenHealth(
  { credential, origin }: KeyringMatch,
  options: TokenHealthOptions,
): TokenHealth | null {
  const { username, password } = credential
  if (username === '' || password === '' || password.length > MAX_TOKEN_LENGTH)
    return null
  const ecrExpiry = ecrExpiration(password)
  if (ecrExpiry !== null) return known('ecr', ecrExpiry, origin, options)
  if (username === 'AWS' && isEcr(origin.key))
    return byAge('ecr', ECR_LIFE_MS, origin, options)
  const jwtExpiry = jwtExpiration(password)
  if (jwtExpiry !== null) return known('jwt', jwtExpiry, origin, options)
  if (username === 'oauth2accesstoken')
    return byAge('google-access-token', GOOGLE_LIFE_MS, origin, options)
  return null
}

/** One sentence about a token, or null for one that is in order. */
export function describeTokenHealth({
  kind,
  state,
  expiresAtMs,
  origin,
}: TokenHealth): string | null {
  const what = `The ${NAMES[kind]} in ${origin.source} (key "${origin.key}")`
  const when = expiresAtMs === null ? '' : new Date(expiresAtMs).toISOString()
  switch (state) {
    case 'expired':
      return `${what} expired at ${when}. ${REMEDIES[kind]}`
    case 'expiring':
      return `${what} expires at ${when}. ${REMEDIES[kind]}`
    case 'maybe-expired':
      return `${what} is valid for ${LIFETIMES[kind]}, and the secret was created longer ago than that; unless something renews it, it has expired. ${REMEDIES[kind]}`
    case 'unknown':
      return `${what} is valid for ${LIFETIMES[kind]} only. ${REMEDIES[kind]}`
    case 'valid':
    default:
      return null
  }
}

const NAMES = {
  ecr: 'ECR token',
  'google-access-token': 'Google access token',
  jwt: 'token',
} satisfies Record<TokenHealth['kind'], string>

const LIFETIMES = {
  ecr: '12 hours',
  'google-access-token': '1 hour',
  jwt: 'a limited time',
} satisfies Record<TokenHealth['kind'], string>

const REMEDIES = {
  ecr: 'Let the nodes use the ECR credential provider, or renew the secret on a schedule.',
  'google-access-token':
    'Use a service account key (user _json_key), or let the nodes use their own credentials.',
  jwt: 'Only a new one works then.',
} satisfies Record<TokenHealth['kind'], string>

function known(
  kind: TokenHealth['kind'],
  expiresAtMs: number,
  origin: CredentialOrigin,
  { nowMs }: TokenHealthOptions,
): TokenHealth {
  const remainingMs = expiresAtMs - nowMs
  if (remainingMs <= 0) return { kind, state: 'expired', expiresAtMs, origin }
  const state = remainingMs <= EXPIRING_WITHIN_MS ? 'expiring' : 'valid'
  return { kind, state, expiresAtMs, origin }
}

function byAge(
  kind: TokenHealth['kind'],
  lifeMs: number,
  origin: CredentialOrigin,
  { nowMs, createdAtMs }: TokenHealthOptions,
): TokenHealth {
  if (createdAtMs === null) return { kind, state: 'unknown', expiresAtMs: null, origin }
  const expiresAtMs = createdAtMs + lifeMs
  if (expiresAtMs <= nowMs) return { kind, state: 'maybe-expired', expiresAtMs, origin }
  const withinMs = Math.min(EXPIRING_WITHIN_MS, lifeMs / 4)
  const state = expiresAtMs - nowMs <= withinMs ? 'expiring' : 'valid'
  return { kind, state, expiresAtMs, origin }
}

function isEcr(key: string): boolean {
  const host = toIndexKey(key)?.split('/')[0] ?? ''
  return /ecr/.test(cloudHost(host) ?? '')
}

/** The password that ECR hands out is base64 of JSON with `expiration` in seconds since the epoch. */
function ecrExpiration(password: string): number | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(password)) return null
  const token = parseFields(Buffer.from(password, 'base64').toString('utf8'))
  return token !== null && 'datakey' in token ? secondsToMs(token['expiration']) : null
}

/** RFC 7519: three parts, the second one base64url of claims with `exp` in seconds since the epoch. */
function jwtExpiration(password: string): number | null {
  const [header, claims, signature, more] = password.split('.')
  if (header === undefined || claims === undefined) return null
  if (signature === undefined || more !== undefined) return null
  const isHeader = parseFields(Buffer.from(header, 'base64url').toString('utf8'))
  if (isHeader === null || !('alg' in isHeader)) return null
  const payload = parseFields(Buffer.from(claims, 'base64url').toString('utf8'))
  return secondsToMs(payload?.['exp'])
}

function secondsToMs(seconds: unknown): number | null {
  const isTime = typeof seconds === 'number' && seconds > 0 && seconds < 1e11
  return isTime ? seconds * 1_000 : null
}
