import { constants } from 'node:crypto'
import type { TlsOptions } from 'node:tls'
import type { CertificatePair } from '../certificates/serving-certificate.ts'

export interface ServerTls extends CertificatePair {
  /** PEM authorities: only clients (the API server) with a certificate of theirs are let in. Absent or null: everyone is. */
  clientCa?: string | null
}

/**
 * Forward secrecy and authenticated encryption alone, all that Go offers by default; Node's own list still has CBC and, with an RSA
 * key, RSA key exchange.
 */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** No session outlives the check of a client's certificate; the API server resumes none anyway. */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION

/**
 * All TLS settings of the webhook's listener. `setSecureContext` forgets whatever it is not given again, the least version
 * included, so both the start and every renewal of the certificate go through here.
 */
export function serverTlsOptions({ key, cert, clientCa = null }: ServerTls): TlsOptions {
  return {
    key,
    cert,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: SECURE_OPTIONS,
    // The API server pins its webhook connections to HTTP/1.1.
    ALPNProtocols: ['http/1.1'],
    ...(clientCa === null
      ? {}
      : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  }
}
