import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { SecretData } from './certificate-store.ts'
import { issued, joinBundle, readCertificate, splitBundle } from './pem-bundle.ts'
import { AUTHORITY_NAME_PREFIX, type SelfSigned } from './self-signed.ts'

/** A leaf with its private key (PEM) and the CA that was made for it. */
export interface Generation {
  leaf: X509Certificate
  key: string
  ca: X509Certificate
}

/** What the Secret tells. All CAs together are what has to be trusted. */
export interface SharedCertificate {
  /** Served by every replica. */
  current: Generation
  /** Made, but served only when its CA is trusted everywhere. */
  next: Generation | null
  /** CAs of leaves that a replica may still serve; they go when `retireAtMs` has come. */
  previous: readonly X509Certificate[]
  retireAtMs: number
}

export type SharedReading =
  | { status: 'shared'; shared: SharedCertificate }
  /** No certificate yet, as in a Secret that the manifests made. */
  | { status: 'empty' }
  /** Made by Pullgate, and changed by somebody so that it cannot be served: to be made anew. */
  | { status: 'damaged' }
  /** Somebody else's certificate: not to be touched. */
  | { status: 'foreign' }

/** Keys of the Secret. `ca.crt` is the whole bundle, so that it can be copied into a caBundle as it is. */
const KEYS = {
  bundle: 'ca.crt',
  cert: 'tls.crt',
  key: 'tls.key',
  nextCert: 'next.crt',
  nextKey: 'next.key',
  retire: 'retire-after',
} as const

/** Several in a row only when the hosts change again and again; older ones are dropped. */
const MAX_PREVIOUS = 4

export function readShared(data: SecretData): SharedReading {
  const cert = data[KEYS.cert]?.trim() ?? ''
  if (cert === '' && (data[KEYS.key]?.trim() ?? '') === '') return { status: 'empty' }
  const leaf = readCertificate(cert)
  if (leaf === null || !isOurs(leaf)) return { status: 'foreign' }
  const authorities = splitBundle(data[KEYS.bundle] ?? '')
  const current = generationOf(leaf, data[KEYS.key], authorities)
  if (current === null) return { status: 'damaged' }
  const nextLeaf = readCertificate(data[KEYS.nextCert] ?? '')
  const next =
    nextLeaf === null ? null : generationOf(nextLeaf, data[KEYS.nextKey], authorities)
  const previous = authorities.filter((ca) => ca !== current.ca && ca !== next?.ca)
  const retireAtMs = Date.parse(data[KEYS.retire] ?? '')
  return {
    status: 'shared',
    shared: {
      current,
      next,
      previous,
      // A date that somebody broke keeps no CA for ever.
      retireAtMs: Number.isNaN(retireAtMs) ? 0 : retireAtMs,
    },
  }
}

/** Every key of ours; null for those that are to be taken away. */
export function writeShared(shared: SharedCertificate): Record<string, string | null> {
  const { current, next } = shared
  const previous = shared.previous.slice(0, MAX_PREVIOUS)
  return {
    [KEYS.bundle]: joinBundle(authoritiesOf({ ...shared, previous })),
    [KEYS.cert]: current.leaf.toString(),
    [KEYS.key]: current.key,
    [KEYS.nextCert]: next?.leaf.toString() ?? null,
    [KEYS.nextKey]: next?.key ?? null,
    [KEYS.retire]:
      previous.length === 0 ? null : new Date(shared.retireAtMs).toISOString(),
  }
}

/** What has to be trusted. */
export function authoritiesOf(
  shared: Pick<SharedCertificate, 'current' | 'next' | 'previous'>,
): X509Certificate[] {
  const { current, next, previous } = shared
  return [current.ca, ...(next === null ? [] : [next.ca]), ...previous]
}

export function toGeneration(made: SelfSigned): Generation {
  return {
    leaf: new X509Certificate(made.cert),
    key: made.key,
    ca: new X509Certificate(made.ca),
  }
}

function isOurs(leaf: X509Certificate): boolean {
  return leaf.issuer.startsWith(`CN=${AUTHORITY_NAME_PREFIX}`)
}

function generationOf(
  leaf: X509Certificate,
  key: string | undefined,
  authorities: readonly X509Certificate[],
): Generation | null {
  const ca = authorities.find((authority) => issued(authority, leaf))
  if (ca === undefined || key === undefined || !belongs(leaf, key)) return null
  return { leaf, key, ca }
}

/** A key's parser is not trusted to be discreet in its messages. */
function belongs(leaf: X509Certificate, key: string): boolean {
  try {
    return leaf.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
