import { nameOf } from '../../reference/reference-name.ts'
import type { KeyringMatch } from '../../credentials/credential.ts'
import { isAnonymous, toIndexKey } from '../../credentials/keyring.ts'
import {
  describeShadowedEntry,
  findShadowedEntries,
} from '../../credentials/shadowed-entries.ts'
import { shownKey } from '../../credentials/shown-key.ts'
import { checkTokenHealth, describeTokenHealth } from '../../credentials/token-health.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import type { ExplainOptions } from '../explain/explain-options.ts'
import { describeOrigin } from '../explain/explain-unauthorized.ts'
import type { Finding } from '../finding.ts'
import type { PullCredentials } from './pull-credentials.ts'
import { adviseRenewal, renewalOf, secretOf } from './renew-secret.ts'
import type { TriedCredential } from '../lookups/try-credentials.ts'

/** One sentence about a credential from a pull secret that is made to expire; null for one that is in order or does not. */
export function tokenSentence(
  match: KeyringMatch,
  credentials: PullCredentials,
  nowMs: number,
): string | null {
  if (match.origin.kind !== 'pull-secret') return null
  const secret = secretOf(match.origin.source, credentials.secrets)
  const createdAtMs =
    secret?.fact.status === 'known' ? secret.fact.value.createdAtMs : null
  const health = checkTokenHealth(match, { nowMs, createdAtMs })
  return health === null ? null : describeTokenHealth(health)
}

/** What is not in order with the credentials of an image that was found with the last of them. */
export function explainHealth(options: ExplainOptions): Finding[] {
  const { tried, credentials, reference, wallClock, thorough = false } = options
  const opened = tried.at(-1)?.match ?? null
  const expiring = explainExpiring(opened, credentials, wallClock())
  return [
    ...(expiring === null ? [] : [expiring]),
    ...(thorough ? explainShadowedEntries(credentials, reference) : []),
  ]
}

/** Catalogue row 27: an earlier secret is refused, and the pull works all the same. */
export function staleSecret(
  { match, result }: TriedCredential,
  { credentials, wallClock }: ExplainOptions,
): Finding | null {
  if (match === null || match.origin.kind !== 'pull-secret') return null
  if (isAnonymous(match.credential)) return null
  const { status } = result.evidence
  const answer = status === null ? 'no answer' : `${status} from the registry`
  const token = tokenSentence(match, credentials, wallClock())
  return {
    cause: 'PullSecretStale',
    certainty: 'uncertain',
    message: [
      `The credentials in ${describeOrigin(match.origin)} do not open the image (${answer}); the pull works with others, but later.`,
      ...(token === null ? [] : [token]),
    ].join(' '),
    advice: adviseRenewal(
      'Take that secret off the list, or renew it',
      renewalOf(match.origin, credentials),
    ),
    doubts: [],
  }
}

/**
 * Catalogue row 38, for a credential that opened the image just now: it will not for long. Where only the age of the Secret
 * tells, something may renew it in place, so that is said.
 */
function explainExpiring(
  match: KeyringMatch | null,
  credentials: PullCredentials,
  nowMs: number,
): Finding | null {
  const message = match === null ? null : tokenSentence(match, credentials, nowMs)
  if (match === null || message === null) return null
  return {
    cause: 'CredentialExpiring',
    certainty: 'uncertain',
    message,
    advice: adviseRenewal('Renew it', renewalOf(match.origin, credentials)),
    doubts: ['The registry accepts it at the moment.'],
  }
}

/**
 * Credentials that were meant for Docker Hub and are never used for this image: index.docker.io counts only where no key
 * matches docker.io itself (pull-semantics 3.4). Worth a word once the key that comes before is refused.
 */
export function explainShadowed(
  credentials: PullCredentials,
  reference: ImageReference,
): Finding[] {
  const [first] = credentials.keyring.match(nameOf(reference))
  if (reference.registry !== 'docker.io' || first === undefined) return []
  if (isHubIndex(first.origin.key)) return []
  const { secrets } = credentials
  const unused = secrets.flatMap(({ reading }) =>
    reading?.status !== 'usable'
      ? []
      : reading.source.entries
          .filter((entry) => isHubIndex(entry.key) && !isAnonymous(entry))
          .map(({ key }) => `"${shownKey(key)}" of secret ${reading.source.source}`),
  )
  if (unused.length === 0) return []
  const { origin } = first
  return [
    shadowed(
      `The key ${unused.slice(0, 3).join(', ')} is not used for this image, because the key "${origin.key}" of secret ${origin.source} matches it.`,
      adviseRenewal('Take that key out, or renew it', renewalOf(origin, credentials)),
    ),
  ]
}

/** For reports: pull secrets of the object that stand behind others for this image, although nothing is refused yet. */
function explainShadowedEntries(
  credentials: PullCredentials,
  reference: ImageReference,
): Finding[] {
  const sources = credentials.secrets.flatMap(({ reading }) =>
    reading?.status === 'usable' ? [reading.source] : [],
  )
  const matched = new Set(
    credentials.keyring
      .match(nameOf(reference))
      .map(({ origin }) => `${origin.source} ${origin.key}`),
  )
  return findShadowedEntries(sources)
    .filter(({ by }) => matched.has(`${by.source} ${by.key}`))
    .map((entry) =>
      shadowed(
        describeShadowedEntry(entry),
        'Take the credential that is not meant out of the list.',
      ),
    )
}

function isHubIndex(key: string): boolean {
  return toIndexKey(key) === 'index.docker.io'
}

function shadowed(message: string, advice: string | null): Finding {
  return {
    cause: 'PullSecretShadowed',
    certainty: 'uncertain',
    message,
    advice,
    doubts: [],
  }
}
