import {
  type CertificateFiles,
  type CertificatePair,
  readServingCertificate,
} from './serving-certificate.ts'

export interface WatchCertificateOptions {
  files: CertificateFiles
  /** The pair that is being served. */
  current: CertificatePair
  intervalMs: number
  now: () => number
  /** Takes the new pair into use for new connections; open ones live on. A throw is reported through `onRefused`. */
  apply: (pair: CertificatePair) => void
  onReplaced: (notAfterMs: number) => void
  /** A changed pair that cannot be used; the old one stays. Told once per distinct reason. */
  onRefused: (reason: string) => void
}

export interface CertificateWatch {
  /** Looks once, now. Never rejects. */
  check(): Promise<void>
  close(): void
}

/**
 * Takes a renewed certificate into use while running. Polls and compares contents, because the kubelet renews a mounted
 * Secret by swapping a symlink, which file system events miss. A read that falls between the two files shows as a pair that
 * does not match, keeps the old one and is looked at again at the next poll.
 */
export function watchCertificate(options: WatchCertificateOptions): CertificateWatch {
  let current = options.current
  let lastRefusal: string | null = null
  let checking: Promise<void> | null = null

  async function look(): Promise<void> {
    const reading = await readServingCertificate(options.files, options.now())
    if (reading.status === 'unusable') return refuse(reading.reason)
    const { pair, notAfterMs } = reading
    lastRefusal = null
    if (pair.cert === current.cert && pair.key === current.key) return
    try {
      options.apply(pair)
    } catch {
      return refuse(`the certificate in ${options.files.certFile} cannot be served`)
    }
    current = pair
    options.onReplaced(notAfterMs)
  }

  function refuse(reason: string): void {
    if (reason === lastRefusal) return
    lastRefusal = reason
    options.onRefused(reason)
  }

  async function check(): Promise<void> {
    checking ??= look().finally(() => {
      checking = null
    })
    await checking
  }

  const timer = setInterval(() => void check(), options.intervalMs)
  timer.unref()
  return { check, close: () => clearInterval(timer) }
}
