import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { generate as generateCertificate } from 'selfsigned'

export interface AuthorityOptions {
  nowMs: number
  validDays: number
}

/** A CA of our own making, as PEM. The key signs leaves and is kept in memory at most: never stored, never shown. */
export interface Authority {
  ca: string
  key: string
  notAfterMs: number
}

export interface LeafOptions {
  /** DNS names and IP addresses (v4 or v6) that the certificate is for. At least one. */
  hosts: readonly string[]
  nowMs: number
  /** Cut to the end of the authority. */
  validDays: number
}

export interface SelfSignedOptions extends LeafOptions {
  /** How long both the CA and the leaf hold. */
  validDays: number
}

/** PEM texts. `cert` is the leaf alone: clients trust `ca`, which is also what a webhook's caBundle takes. */
export interface SelfSigned {
  ca: string
  cert: string
  key: string
  notAfterMs: number
}

/** The names under which a server without a cluster is reached: this machine, and the Service of the manifests. */
export const standaloneHosts: readonly string[] = [
  'localhost',
  '127.0.0.1',
  '::1',
  'pullgate',
  'pullgate.pullgate',
  'pullgate.pullgate.svc',
  'pullgate.pullgate.svc.cluster.local',
]

/** How the common name of every CA made here begins. */
export const AUTHORITY_NAME_PREFIX = 'pullgate-ca-'

const DAY_MS = 86_400_000
/** Clocks of clients run behind by seconds to minutes; selfsigned would start at now. */
const BACKDATED_MS = 3_600_000
// selfsigned's own defaults are RSA and SHA-1. Leaf and CA must have the same key type.
const algorithms = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

/** A CA made for one leaf and the leaf it signed; the CA's key is thrown away. */
export async function createSelfSigned(options: SelfSignedOptions): Promise<SelfSigned> {
  assertHosts(options.hosts)
  const authority = await createAuthority(options)
  return createLeaf(authority, options)
}

/**
 * A CA with a common name of its own (the time, to the millisecond, and chance, for two replicas in one millisecond):
 * selfsigned writes no key identifiers, and chains are built by name while two CAs share a bundle.
 */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const notAfterMs = options.nowMs + options.validDays * DAY_MS
  const made = await generate([{ name: 'commonName', value: caName(options.nowMs) }], {
    ...algorithms,
    ...validity(options.nowMs, notAfterMs),
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  return { ca: made.cert, key: made.private, notAfterMs }
}

/**
 * A server certificate under an authority of createAuthority and no other: selfsigned writes the issuer's name anew from a
 * string, and Go, so the API server, compares its bytes with those of the CA.
 */
export async function createLeaf(
  authority: Authority,
  options: LeafOptions,
): Promise<SelfSigned> {
  assertHosts(options.hosts)
  const notAfterMs = Math.min(
    options.nowMs + options.validDays * DAY_MS,
    authority.notAfterMs,
  )
  const leaf = await generate([{ name: 'commonName', value: 'pullgate' }], {
    ...algorithms,
    ...validity(options.nowMs, notAfterMs),
    ca: { key: authority.key, cert: authority.ca },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: options.hosts.map(alternativeName) },
    ],
  })
  return { ca: authority.ca, cert: leaf.cert, key: leaf.private, notAfterMs }
}

/** Loaded when a certificate is made: it takes 24 MB, and whoever brings a certificate never needs it. */
const generate: typeof generateCertificate = async (...given) =>
  (await import('selfsigned')).generate(...given)

function assertHosts(hosts: readonly string[]): void {
  if (hosts.length === 0)
    throw new RangeError('a certificate needs a host that it is for')
}

function validity(nowMs: number, notAfterMs: number) {
  return {
    notBeforeDate: new Date(nowMs - BACKDATED_MS),
    notAfterDate: new Date(notAfterMs),
  }
}

function caName(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')
  return `${AUTHORITY_NAME_PREFIX}${time}-${randomBytes(4).toString('hex')}`
}

// RFC 5280 4.2.1.6: the choices of GeneralName, 2 is dNSName and 7 is iPAddress.
function alternativeName(
  host: string,
): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }
}
