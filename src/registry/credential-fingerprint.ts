import { createHmac, randomBytes } from 'node:crypto'
import type { Credential } from '../credentials/credential.ts'

/** Names a credential in cache keys without telling it: a keyed hash whose key never leaves the process. */
export type CredentialFingerprint = (credential: Credential | null) => string

/** Makes the fingerprint function; each has its own random key, so fingerprints of two clients cannot be compared. */
export function createCredentialFingerprint(): CredentialFingerprint {
  const key = randomBytes(32)
  return (credential) => {
    if (credential === null) return 'anonymous'
    const { username, password } = credential
    return createHmac('sha256', key)
      .update(`${username.length}:${username}:${password}`)
      .digest('base64url')
  }
}

/** The credential as containerd would use it: without a user name or a password it is anonymous (pull-semantics 3.5). */
export function usableCredential(credential: Credential | null): Credential | null {
  if (credential === null) return null
  return credential.username === '' || credential.password === '' ? null : credential
}

/** `Basic ...` for an Authorization header. */
export function basicAuthorization({ username, password }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}
