import { nameOf } from '../../reference/reference-name.ts'
import {
  candidateKeys,
  explainNoMatch,
  requiredKey,
} from '../../credentials/closest-key.ts'
import type { NearMiss } from '../../credentials/closest-key.ts'
import type { KeyringMatch } from '../../credentials/credential.ts'
import { describeNearMiss } from '../../credentials/describe-near-miss.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import { printable } from '../../text/printable.ts'
import type { Finding } from '../finding.ts'
import { adviseMending, uselessKey } from './mend-credentials.ts'
import type { NamedSecret } from './named-secret.ts'
import type { PullCredentials } from './pull-credentials.ts'
import { emptyEntry } from './pull-secret-findings.ts'
import { adviseRenewal, renewal, secretOf } from './renew-secret.ts'

/** Why no credential of the object opens an image, and what to type. */
export interface WhyNoCredential {
  /** Full sentences without the subject of the image. */
  reasons: string[]
  /** The command that mends it. */
  advice: string
  /** What only this image shows to be wrong with the secrets: no key matches it, or the one that does holds nothing. */
  findings: Finding[]
}

/**
 * Why no pull secret of an object opens an image, in the order of what a person would look at first, and the commands that
 * mend it with the right names filled in (catalogue rows 19, 29 to 36).
 */
export async function whyNoCredential(
  credentials: PullCredentials,
  reference: ImageReference,
): Promise<WhyNoCredential> {
  const repository = nameOf(reference)
  const accountSecrets = await credentials.serviceAccountSecrets()
  const matched = credentials.keyring.match(repository)
  const empty = matched.map((match) => emptyMatch(match, credentials, repository))
  const nearest = matched.length > 0 ? null : closest(credentials, repository)
  const mismatch =
    matched.length > 0 ? null : notMatching(credentials, nearest, repository)
  const findings = [...empty, mismatch].filter((finding) => finding !== null)
  const known = new Set(credentials.findings.map(({ message }) => message))
  const reasons = [
    ...known,
    ...findings.map(({ message }) => message),
    credentials.secrets.length === 0 ? noSecrets(credentials) : null,
    unusedAccountSecrets(credentials, accountSecrets ?? []),
    await elsewhere(credentials),
  ].filter((reason) => reason !== null)
  return {
    reasons: [...new Set(reasons)],
    advice: adviseMending({ credentials, reference, accountSecrets, nearest, matched }),
    findings: findings.filter(({ message }) => !known.has(message)),
  }
}

/** Catalogue rows 34 and 35: a key matches, and the kubelet asks anonymously with it. */
function emptyMatch(
  { origin }: KeyringMatch,
  credentials: PullCredentials,
  repository: string,
): Finding | null {
  const secret = secretOf(origin.source, credentials.secrets)
  return secret === null ? null : emptyEntry(secret, origin.key, requiredKey(repository))
}

function closest(credentials: PullCredentials, repository: string): NearMiss | null {
  const usable = credentials.secrets.flatMap(({ reading }) =>
    reading?.status === 'usable' ? [reading.source] : [],
  )
  return usable.length === 0 ? null : explainNoMatch(candidateKeys(usable), repository)
}

/** Catalogue row 29. */
function notMatching(
  credentials: PullCredentials,
  nearest: NearMiss | null,
  repository: string,
): Finding | null {
  const { secrets } = credentials
  const usable = secrets.filter(({ reading }) => reading?.status === 'usable')
  if (usable.length === 0) return null
  const server = requiredKey(repository)
  const near = nearest === null ? null : secretOf(nearest.origin.source, secrets)
  return {
    cause: 'PullSecretNotMatching',
    certainty: 'uncertain',
    message:
      nearest === null ? noneMatches(usable, repository) : describeNearMiss(nearest),
    advice:
      near === null
        ? `Add a credential with the key "${server}".`
        : adviseRenewal(
            'Make it anew with that key',
            renewal(near, server, uselessKey(nearest)),
          ),
    doubts: [],
  }
}

function noneMatches(usable: readonly NamedSecret[], repository: string): string {
  const held = usable.slice(0, 3).map(({ namespace, name, reading }) => {
    const keys = reading?.status === 'usable' ? reading.keys : []
    const shown = keys.slice(0, 5).map((key) => `"${key}"`)
    return `secret ${namespace}/${printable(name, 253)} has credentials for ${shown.join(', ')}`
  })
  const list = held.join('; ')
  return `${list.charAt(0).toUpperCase()}${list.slice(1)}; none matches ${repository}.`
}

function noSecrets({ listFrom, serviceAccount, unread }: PullCredentials): string | null {
  if (unread !== null) return null
  return listFrom === 'object'
    ? 'It names no pull secret.'
    : `No pull secret is named, and service account ${serviceAccount} has none either.`
}

/** Catalogue row 36: one secret of its own keeps those of the service account away. */
function unusedAccountSecrets(
  { listFrom, serviceAccount }: PullCredentials,
  accountSecrets: readonly string[],
): string | null {
  if (listFrom !== 'object' || accountSecrets.length === 0) return null
  const names = accountSecrets.map((name) => printable(name, 253)).join(', ')
  return `Because imagePullSecrets is set, the pull secrets of service account ${serviceAccount} (${names}) are not used.`
}

/** Catalogue row 31; only sources whose caller may know answer. */
async function elsewhere(credentials: PullCredentials): Promise<string | null> {
  const { secrets, namespace } = credentials
  const missing = secrets.find(({ fact }) => fact.status === 'absent')
  if (missing === undefined) return null
  const known = await credentials.namespacesWithSecret(missing.name)
  const others = (known ?? []).filter((other) => other !== namespace)
  if (others.length === 0) return null
  return `A Secret ${printable(missing.name, 253)} exists in namespace ${others.slice(0, 3).join(', ')}, but Pods can only use those of their own namespace.`
}
