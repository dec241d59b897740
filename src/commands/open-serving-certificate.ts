import { setTimeout as sleep } from 'node:timers/promises'
import type { CertificateStore } from '../certificates/certificate-store.ts'
import { createOwnCertificate } from '../certificates/own-certificate.ts'
import { readServingCertificate } from '../certificates/serving-certificate.ts'
import type {
  CertificateFiles,
  CertificatePair,
} from '../certificates/serving-certificate.ts'
import { shareCertificate, type ShareEvent } from '../certificates/share-certificate.ts'
import { watchCertificate } from '../certificates/watch-certificate.ts'

/** Where the certificate comes from: files that are followed, a Secret that replicas share, or one made for this run. */
export type ServingSource =
  | { kind: 'files'; files: CertificateFiles }
  | { kind: 'shared'; store: CertificateStore; hosts: readonly string[] }
  | { kind: 'self-signed'; hosts: readonly string[] }

export interface CertificateHandlers {
  /** Takes a renewed pair into use for new connections; open ones live on. */
  apply: (pair: CertificatePair) => void
  onReplaced: (notAfterMs: number) => void
  /** A changed pair that cannot be used; the old one stays. */
  onRefused: (reason: string) => void
}

export interface ServingCertificate {
  pair: CertificatePair
  notAfterMs: number
  /** PEM of the authority; null when the certificate came from files or a Secret. */
  ca: string | null
  /** Why the API server will not take the certificate; null when nothing is known against it. */
  distrust(): string | null
  /** Renews until the signal fires. */
  watch(handlers: CertificateHandlers): void
}

export interface OpenCertificateOptions {
  now: () => number
  /** Ends the waiting for a first certificate, and every renewal. */
  signal: AbortSignal
  onShared: (event: ShareEvent) => void
  /** Told when the first certificate of a Secret is not to be had yet. */
  onWaiting: (reason: string) => void
}

const POLL_MS = 10_000
const OWN_POLL_MS = 3_600_000
/** Between looks at a Secret when nothing is under way, when something is, and before there is a certificate. */
const SETTLED_MS = 60_000
const UNSETTLED_MS = 10_000
const WAITING_MS = 2_000

/** Throws with the reason when files hold no usable pair. Waits for the certificate of a Secret as long as the signal lets it. */
export async function openServingCertificate(
  source: ServingSource,
  options: OpenCertificateOptions,
): Promise<ServingCertificate> {
  if (source.kind === 'files') return openFiles(source.files, options)
  if (source.kind === 'shared') return openShared(source, options)
  return openOwn(source.hosts, options)
}

async function openFiles(
  files: CertificateFiles,
  { now, signal }: OpenCertificateOptions,
): Promise<ServingCertificate> {
  const reading = await readServingCertificate(files, now())
  if (reading.status === 'unusable') throw new Error(reading.reason)
  const { pair, notAfterMs } = reading
  return {
    pair,
    notAfterMs,
    ca: null,
    distrust: () => null,
    watch(handlers) {
      const current = pair
      const watch = watchCertificate({
        ...handlers,
        files,
        current,
        intervalMs: POLL_MS,
        now,
      })
      signal.addEventListener('abort', () => watch.close(), { once: true })
    },
  }
}

async function openOwn(
  hosts: readonly string[],
  { now, signal }: OpenCertificateOptions,
): Promise<ServingCertificate> {
  const own = await createOwnCertificate({ hosts, now })
  const first = own.current()
  return {
    pair: first,
    notAfterMs: first.notAfterMs,
    ca: first.ca,
    distrust: () => null,
    watch(handlers) {
      const renew = async (): Promise<void> => {
        const renewed = await own.renewWhenDue()
        if (renewed === null) return
        handlers.apply(renewed)
        handlers.onReplaced(renewed.notAfterMs)
      }
      const refused = (): void => handlers.onRefused('a new one could not be made')
      void repeat(
        () => renew().catch(refused),
        () => OWN_POLL_MS,
        signal,
      )
    },
  }
}

async function openShared(
  { store, hosts }: { store: CertificateStore; hosts: readonly string[] },
  { now, signal, onShared, onWaiting }: OpenCertificateOptions,
): Promise<ServingCertificate> {
  let handlers: CertificateHandlers | null = null
  const share = shareCertificate({
    store,
    hosts,
    now,
    apply(pair, notAfterMs) {
      handlers?.apply(pair)
      handlers?.onReplaced(notAfterMs)
    },
    onEvent: onShared,
  })
  let settled = false
  const look = async (): Promise<void> => {
    settled = (await share.step()).settled
  }
  await look()
  for (let first = share.serving(); ; first = share.serving()) {
    if (first !== null) {
      const { leaf, key } = first
      return {
        pair: { cert: leaf.toString(), key },
        notAfterMs: leaf.validToDate.getTime(),
        ca: null,
        distrust: () => (share.trust().status === 'untrusted' ? UNTRUSTED : null),
        watch(given) {
          handlers = given
          void repeat(look, () => (settled ? SETTLED_MS : UNSETTLED_MS), signal)
        },
      }
    }
    onWaiting(share.problem() ?? 'there is none yet')
    await sleep(WAITING_MS, null, { signal })
    await look()
  }
}

const UNTRUSTED =
  'the webhook configuration does not trust the certificate that is served'

/** Waits first. The waits differ by chance, so that replicas do not look in step. */
async function repeat(
  look: () => Promise<void>,
  intervalMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const waitMs = intervalMs() * (0.8 + 0.4 * Math.random())
    // Aborted: the loop ends next.
    await sleep(waitMs, null, { signal, ref: false }).catch(() => null)
    if (!signal.aborted) await look()
  }
}
