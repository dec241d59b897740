/**
 * Where replicas share their certificate: one Secret, and the trust in it that is published as caBundle. Every version is a
 * resourceVersion; a write that names an old one is a `conflict`. Nothing here rejects, and everything ends within a deadline.
 */
export interface CertificateStore {
  readSecret(): Promise<SecretReading>
  /** `conflict` when it exists by now. */
  createSecret(data: SecretData): Promise<StoreWrite>
  /** A null takes the key away; keys that are not named stay. */
  updateSecret(
    data: Readonly<Record<string, string | null>>,
    version: string,
  ): Promise<StoreWrite>
  readBundle(): Promise<BundleReading>
  /** PEM certificates, for every webhook of the configuration. */
  patchBundle(bundle: string, version: string): Promise<StoreWrite>
}

/** Decoded texts by key. */
export type SecretData = Readonly<Record<string, string>>

export type SecretReading =
  | { status: 'found'; data: SecretData; version: string }
  | { status: 'absent' }
  | StoreFailure

export type BundleReading =
  /** The PEM text of each webhook of the configuration; empty where it has none. */
  | { status: 'found'; bundles: readonly string[]; version: string }
  | { status: 'absent' }
  | StoreFailure

export type StoreWrite = { status: 'written' } | { status: 'conflict' } | StoreFailure

/** `reason` names what was tried and may be shown to a user. */
export interface StoreFailure {
  status: 'failed'
  reason: string
}
