import { createAuthority, createLeaf, type SelfSigned } from './self-signed.ts'

export interface OwnCertificateOptions {
  hosts: readonly string[]
  now: () => number
}

/** A certificate that a process makes for itself alone. */
export interface OwnCertificate {
  current(): SelfSigned
  /** A new leaf under the same CA, so that nobody has to trust anew; null before a third of the life is left. */
  renewWhenDue(): Promise<SelfSigned | null>
}

const LEAF_DAYS = 365
/** Its key lives as long as the process, so it outlasts every leaf. */
const AUTHORITY_DAYS = 3650
const DAY_MS = 86_400_000

export async function createOwnCertificate({
  hosts,
  now,
}: OwnCertificateOptions): Promise<OwnCertificate> {
  const authority = await createAuthority({ nowMs: now(), validDays: AUTHORITY_DAYS })
  const leaf = (): Promise<SelfSigned> =>
    createLeaf(authority, { hosts, nowMs: now(), validDays: LEAF_DAYS })
  let current = await leaf()
  return {
    current: () => current,
    async renewWhenDue() {
      if (current.notAfterMs - now() > (LEAF_DAYS / 3) * DAY_MS) return null
      current = await leaf()
      return current
    },
  }
}
