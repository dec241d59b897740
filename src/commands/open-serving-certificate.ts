import { createSelfSigned } from '../certificates/self-signed.ts'
import { readServingCertificate } from '../certificates/serving-certificate.ts'
import type {
  CertificateFiles,
  CertificatePair,
} from '../certificates/serving-certificate.ts'
import { watchCertificate } from '../certificates/watch-certificate.ts'
import type { WatchCertificateOptions } from '../certificates/watch-certificate.ts'

/** Where the certificate comes from: files that are followed, or one made for this run. */
export type ServingSource =
  | { kind: 'files'; files: CertificateFiles }
  | { kind: 'self-signed'; hosts: readonly string[] }

export interface ServingCertificate {
  pair: CertificatePair
  notAfterMs: number
  /** PEM of the authority; null when the certificate came from files. */
  ca: string | null
  /** Follows the files until the signal fires; does nothing for a self-signed one. */
  watch(
    options: Pick<WatchCertificateOptions, 'apply' | 'onReplaced' | 'onRefused'> & {
      signal: AbortSignal
    },
  ): void
}

const POLL_MS = 10_000
const SELF_SIGNED_DAYS = 365

/** Throws with the reason when the files hold no usable pair. */
export async function openServingCertificate(
  source: ServingSource,
): Promise<ServingCertificate> {
  if (source.kind === 'self-signed') {
    const { hosts } = source
    const made = await createSelfSigned({
      hosts,
      nowMs: Date.now(),
      validDays: SELF_SIGNED_DAYS,
    })
    return { pair: made, notAfterMs: made.notAfterMs, ca: made.ca, watch() {} }
  }
  const { files } = source
  const reading = await readServingCertificate(files, Date.now())
  if (reading.status === 'unusable') throw new Error(reading.reason)
  const { pair, notAfterMs } = reading
  return {
    pair,
    notAfterMs,
    ca: null,
    watch({ signal, ...handlers }) {
      const watch = watchCertificate({
        files,
        current: pair,
        intervalMs: POLL_MS,
        now: Date.now,
        ...handlers,
      })
      signal.addEventListener('abort', () => watch.close(), { once: true })
    },
  }
}
