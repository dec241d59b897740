import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { systemTrouble } from '../text/system-trouble.ts'

/** PEM texts of a certificate (leaf first, then intermediates) and its private key. */
export interface CertificatePair {
  cert: string
  key: string
}

export interface CertificateFiles {
  certFile: string
  keyFile: string
}

/** A pair that can be served now, or why not, in words that name the file and never its content. */
export type CertificateReading =
  | { status: 'usable'; pair: CertificatePair; notAfterMs: number }
  | { status: 'unusable'; reason: string }

/** Reads and checks `--tls-cert` and `--tls-key`: both are there, are PEM, belong together, and hold at `nowMs`. Never rejects. */
export async function readServingCertificate(
  files: CertificateFiles,
  nowMs: number,
): Promise<CertificateReading> {
  const [cert, key] = await Promise.all([
    readText(files.certFile, 'certificate'),
    readText(files.keyFile, 'private key'),
  ])
  if ('reason' in cert) return unusable(cert.reason)
  if ('reason' in key) return unusable(key.reason)
  return checkPair({ cert: cert.text, key: key.text }, files, nowMs)
}

/** The same checks for a pair at hand, such as one from a Secret. `files` only serves the wording. */
export function checkPair(
  pair: CertificatePair,
  files: CertificateFiles,
  nowMs: number,
): CertificateReading {
  const leaf = parse(() => new X509Certificate(pair.cert))
  if (leaf === null) return unusable(`${files.certFile} holds no PEM certificate`)
  const key = parse<KeyObject>(() => createPrivateKey(pair.key))
  if (key === null)
    return unusable(`${files.keyFile} holds no PEM private key without a passphrase`)
  if (!leaf.checkPrivateKey(key))
    return unusable(
      `the private key in ${files.keyFile} does not belong to the certificate in ${files.certFile}`,
    )
  const notAfterMs = leaf.validToDate.getTime()
  if (notAfterMs <= nowMs)
    return unusable(
      `the certificate in ${files.certFile} expired on ${leaf.validToDate.toISOString()}`,
    )
  if (leaf.validFromDate.getTime() > nowMs)
    return unusable(
      `the certificate in ${files.certFile} is not valid before ${leaf.validFromDate.toISOString()}`,
    )
  return { status: 'usable', pair, notAfterMs }
}

async function readText(
  file: string,
  what: string,
): Promise<{ text: string } | { reason: string }> {
  try {
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    return { reason: `the TLS ${what} ${file} cannot be read: ${systemTrouble(error)}` }
  }
}

/** OpenSSL's own messages are dropped on purpose: they are riddles, and a key's parser is not trusted to be discreet. */
function parse<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

function unusable(reason: string): CertificateReading {
  return { status: 'unusable', reason }
}
