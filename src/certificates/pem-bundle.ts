import { X509Certificate } from 'node:crypto'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** More certificates than this in one bundle are left out: ours holds two to six. */
const MAX_CERTIFICATES = 50

/** The certificates of a PEM text in order, each one once; what cannot be read is left out. */
export function splitBundle(pem: string): X509Certificate[] {
  const found = new Map<string, X509Certificate>()
  for (const [block] of pem.matchAll(CERTIFICATE)) {
    if (found.size === MAX_CERTIFICATES) break
    const certificate = readCertificate(block)
    if (certificate !== null) found.set(certificate.fingerprint256, certificate)
  }
  return [...found.values()]
}

/** Whether each certificate that begins can be read to its end: a file may be looked at while it is written. */
export function isWhole(pem: string): boolean {
  const begun = pem.split('-----BEGIN CERTIFICATE-----').length - 1
  const blocks = [...pem.matchAll(CERTIFICATE)]
  return blocks.length === begun && blocks.every(([block]) => readCertificate(block))
}

export function joinBundle(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('')
}

/** Null for what is no certificate. OpenSSL's own messages are riddles. */
export function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem)
  } catch {
    return null
  }
}

/** Whether `ca` signed `leaf`. Dates are not looked at. */
export function issued(ca: X509Certificate, leaf: X509Certificate): boolean {
  return leaf.checkIssued(ca) && leaf.verify(ca.publicKey)
}

export function expired(certificate: X509Certificate, nowMs: number): boolean {
  return certificate.validToDate.getTime() <= nowMs
}
