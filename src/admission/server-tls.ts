import type { TlsOptions } from 'node:tls'
import type { CertificatePair } from '../certificates/serving-certificate.ts'

export interface ServerTls extends CertificatePair {
  /** PEM authorities: only clients (the API server) with a certificate of theirs are let in. Absent or null: everyone is. */
  clientCa?: string | null
}

/**
 * All TLS settings of the webhook's listener. `setSecureContext` forgets whatever it is not given again, the least version
 * included, so both the start and every renewal of the certificate go through here.
 */
export function serverTlsOptions({ key, cert, clientCa = null }: ServerTls): TlsOptions {
  return {
    key,
    cert,
    minVersion: 'TLSv1.2',
    // The API server pins its webhook connections to HTTP/1.1.
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: 10_000,
    ...(clientCa === null
      ? {}
      : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  }
}
