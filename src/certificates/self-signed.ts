import { isIP } from 'node:net'
import { generate } from 'selfsigned'

export interface SelfSignedOptions {
  /** DNS names and IP addresses (v4 or v6) that the certificate is for. At least one. */
  hosts: readonly string[]
  nowMs: number
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

const DAY_MS = 86_400_000
/** Clocks of clients run behind by seconds to minutes; selfsigned would start at now. */
const BACKDATED_MS = 3_600_000
// selfsigned's own defaults are RSA and SHA-1. Leaf and CA must have the same key type.
const algorithms = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

/**
 * A CA made for one leaf and the leaf it signed; the CA's key is thrown away. Each CA has its own common name (the time, to
 * the millisecond): selfsigned writes no key identifiers, and chains are built by name while two CAs share a bundle.
 */
export async function createSelfSigned(options: SelfSignedOptions): Promise<SelfSigned> {
  if (options.hosts.length === 0) throw new RangeError('createSelfSigned: no hosts given')
  const notAfterMs = options.nowMs + options.validDays * DAY_MS
  const validity = {
    notBeforeDate: new Date(options.nowMs - BACKDATED_MS),
    notAfterDate: new Date(notAfterMs),
  }
  const ca = await generate([{ name: 'commonName', value: caName(options.nowMs) }], {
    ...algorithms,
    ...validity,
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const leaf = await generate([{ name: 'commonName', value: 'pullgate' }], {
    ...algorithms,
    ...validity,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: options.hosts.map(alternativeName) },
    ],
  })
  return { ca: ca.cert, cert: leaf.cert, key: leaf.private, notAfterMs }
}

function caName(nowMs: number): string {
  return `pullgate-ca-${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}`
}

// RFC 5280 4.2.1.6: the choices of GeneralName, 2 is dNSName and 7 is iPAddress.
function alternativeName(
  host: string,
): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }
}
