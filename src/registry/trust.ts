import { createHash, X509Certificate } from 'node:crypto'
import { createSecureContext, getCACertificates } from 'node:tls'
import type { SecureContext } from 'node:tls'
import type { TlsTrust } from './endpoint.ts'

/** More than any bundle holds (the web's has about 150); keeps a wrong file from costing seconds. */
const MAX_AUTHORITIES = 2_000

let memoizedRoots: string[] | null = null
let memoizedContext: SecureContext | null = null

/**
 * What is trusted everywhere: Node's own list with NODE_EXTRA_CA_CERTS, and the system's store, since containerd uses the system's.
 * The union errs towards trust: a certificate that only one of them knows is no reason to warn. PEM, one certificate each.
 */
export function systemRoots(): string[] {
  memoizedRoots ??= [
    ...new Set([...getCACertificates('default'), ...getCACertificates('system')]),
  ]
  return memoizedRoots
}

/**
 * The trust of most registries, one for the whole process. The first call takes a tenth of a second, mostly for the system's store,
 * and nothing else is done meanwhile: who serves makes it beforehand.
 */
export function systemTrustContext(): SecureContext {
  return (memoizedContext ??= contextOf([], {}))
}

/** Throws OpenSSL's error for a key that does not belong to its certificate. Takes some 20 ms: keep it. */
export function createTrustContext({
  ca,
  clientCert,
  clientKey,
}: TlsTrust): SecureContext {
  if (clientCert !== null && clientKey !== null)
    return contextOf(ca, { cert: clientCert, key: clientKey })
  return ca.length === 0 ? systemTrustContext() : contextOf(ca, {})
}

function contextOf(
  ca: readonly string[],
  client: { cert?: string; key?: string },
): SecureContext {
  return createSecureContext({
    ca: [...systemRoots(), ...ca],
    // Go takes an intermediate among the roots for an anchor; OpenSSL does so only when told.
    allowPartialTrustChain: true,
    ...client,
  })
}

/** Equal for equal trust; says nothing about the key in it. */
export function trustFingerprint(trust: TlsTrust): string {
  const { ca, clientCert, clientKey, skipVerify } = trust
  // What most registries have: no hash is needed for each of their requests.
  if (ca.length === 0 && clientCert === null && clientKey === null)
    return skipVerify ? 'unverified' : 'system'
  return createHash('sha256')
    .update(JSON.stringify([ca, clientCert, clientKey, skipVerify]))
    .digest('base64url')
}

/**
 * The certificates of a PEM text, one string each. As Go's AppendCertsFromPEM: other blocks and what cannot be parsed are skipped,
 * so an empty result means that the file is no use.
 */
export function parseAuthorities(pem: string): string[] {
  const blocks =
    pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.slice(0, MAX_AUTHORITIES).filter(isCertificate)
}

/** Whether a client certificate and its key are PEM, unencrypted, and belong together. */
export function isClientPair(cert: string, key: string): boolean {
  try {
    createSecureContext({ cert, key })
    return true
  } catch {
    return false
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== ''
  } catch {
    return false
  }
}
