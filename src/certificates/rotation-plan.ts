import { isIP } from 'node:net'
import type { X509Certificate } from 'node:crypto'
import { expired } from './pem-bundle.ts'
import type { SharedCertificate } from './shared-certificate.ts'

export interface RotationSituation {
  nowMs: number
  /** What the certificate has to be for. */
  hosts: readonly string[]
  /** Since when this replica sees the CA of `next` in every caBundle, without a break; null when it does not. */
  nextPublishedSinceMs: number | null
  /** How long a CA is in the caBundle before its leaf is served: every API server has heard of it by then. */
  settleMs: number
}

/**
 * `replace`: nothing can be served, so all is made anew. `prepare`: a next generation is made and its CA published.
 * `promote`: the next one is served from now on. `retire`: the CAs of former leaves go.
 */
export type RotationStep = 'keep' | 'replace' | 'prepare' | 'promote' | 'retire'

/** A third of the life is left for a renewal that does not work at once. */
const RENEW_AT = 2 / 3

/** The one thing to do next with what is shared. Pure: every replica comes to the same answer, and whoever writes first wins. */
export function planRotation(
  shared: SharedCertificate,
  situation: RotationSituation,
): RotationStep {
  const { nowMs } = situation
  const isCurrentOver = expired(shared.current.leaf, nowMs)
  if (shared.next !== null && !expired(shared.next.leaf, nowMs)) {
    // What cannot be trusted any more is worse than what may not be trusted yet.
    if (isCurrentOver || isSettled(situation)) return 'promote'
  } else {
    if (isCurrentOver) return 'replace'
    if (nowMs >= renewAtMs(shared.current.leaf)) return 'prepare'
    if (!covers(shared.current.leaf, situation.hosts)) return 'prepare'
  }
  return shared.previous.length > 0 && nowMs >= shared.retireAtMs ? 'retire' : 'keep'
}

/** When a certificate is to be renewed. */
export function renewAtMs(certificate: X509Certificate): number {
  const fromMs = certificate.validFromDate.getTime()
  return fromMs + (certificate.validToDate.getTime() - fromMs) * RENEW_AT
}

function isSettled({
  nowMs,
  nextPublishedSinceMs,
  settleMs,
}: RotationSituation): boolean {
  return nextPublishedSinceMs !== null && nowMs - nextPublishedSinceMs >= settleMs
}

function covers(leaf: X509Certificate, hosts: readonly string[]): boolean {
  return hosts.every((host) =>
    isIP(host) === 0
      ? leaf.checkHost(host) !== undefined
      : leaf.checkIP(host) !== undefined,
  )
}
