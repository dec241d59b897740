import { isAnonymous } from '../../credentials/keyring.ts'
import { nameOf } from '../../reference/reference-name.ts'
import type { Forbidden, Unauthorized } from '../../registry/lookup.ts'
import { explainShadowed, tokenSentence } from '../pull-secrets/credential-health.ts'
import { nearRepositories } from './diagnose-missing.ts'
import type { ExplainOptions } from './explain-options.ts'
import { describeOrigin, explainUnauthorized } from './explain-unauthorized.ts'
import type { Finding } from '../finding.ts'
import { unlessGone } from '../pull-secrets/may-be-gone.ts'
import { renewalOf, secretOf } from '../pull-secrets/renew-secret.ts'
import { hintFor } from './spelling-hint.ts'
import type { TriedCredential } from '../lookups/try-credentials.ts'
import { describeUnread, unreadAdvice } from '../pull-secrets/unread-secrets.ts'
import { whyNoCredential } from '../pull-secrets/why-no-credential.ts'

export interface Refusal {
  finding: Finding
  /** What is wrong with the secrets for this image alone. */
  about: Finding[]
}

/**
 * The registry refused every credential that matched, or nobody's. With pull secrets that could not be read it says nothing:
 * they may be what opens the image.
 */
export async function explainRefusal(
  deciding: TriedCredential,
  options: ExplainOptions,
): Promise<Refusal> {
  const { reference, credentials } = options
  const { match } = deciding
  const result = refusalOf(deciding)
  const emptyCredential = match !== null && isAnonymous(match.credential)
  const why = await whyNoCredential(credentials, reference)
  const renewed = match === null ? null : renewalOf(match.origin, credentials)
  const publicAnyway = await isPublic(deciding, options)
  const refused = explainUnauthorized({
    reference,
    result,
    origin: match?.origin ?? null,
    emptyCredential,
    why,
    renew: renewed?.command ?? null,
    renewLoses: renewed?.loses ?? '',
    publicAnyway,
    hint: await spellingHint(deciding, options),
    also: [...tokens(options), ...others(deciding, options)],
  })
  const secret =
    match === null ? null : secretOf(match.origin.source, credentials.secrets)
  // Without that secret the image would be pulled.
  const finding = publicAnyway && secret !== null ? unlessGone(refused, secret) : refused
  const nothingSent = match === null || emptyCredential
  const about = nothingSent ? why.findings : explainShadowed(credentials, reference)
  return { finding: unlessUnread(finding, result, options), about }
}

/**
 * Registries that do not tell a private repository from none leave room for a slip in its name: repositories near it that anybody may
 * pull, or else what the spelling suggests.
 */
async function spellingHint(
  { match, result }: TriedCredential,
  options: ExplainOptions,
): Promise<string | null> {
  const hint = hintFor(options.remarks)
  const tellsNothing = result.outcome === 'unauthorized' && match === null
  if (!tellsNothing) return hint
  const near = await nearRepositories(null, options)
  if (near.length === 0) return hint
  return [hint, `Anybody may pull ${near.join(' and ')}.`]
    .filter((part) => part !== null)
    .join(' ')
}

function refusalOf({ result }: TriedCredential): Unauthorized | Forbidden {
  if (result.outcome === 'unauthorized' || result.outcome === 'forbidden') return result
  throw new TypeError('only refusals are explained here')
}

function unlessUnread(
  finding: Finding,
  result: Unauthorized | Forbidden,
  { credentials, reference, tried }: ExplainOptions,
): Finding {
  const unread = describeUnread(credentials)
  if (unread === null) return finding
  const asked = tried.filter(
    ({ match }) => match !== null && !isAnonymous(match.credential),
  )
  const status = result.evidence.status ?? 401
  const answer =
    asked.length === 0
      ? `Without it ${reference.registry} answered ${status} for ${nameOf(reference)}, which says nothing about the pull.`
      : finding.message
  return {
    cause: 'Unverified',
    certainty: 'uncertain',
    message: `${unread} ${answer}`,
    advice: unreadAdvice(credentials, reference),
    doubts: [],
  }
}

/** That a credential which was refused is made to expire, and when. */
function tokens({ tried, credentials, wallClock }: ExplainOptions): string[] {
  return tried.flatMap(({ match }) =>
    match === null ? [] : (tokenSentence(match, credentials, wallClock()) ?? []),
  )
}

/** Catalogue row 28: the kubelet tries every credential that matches, and each is refused. */
function others(deciding: TriedCredential, { tried }: ExplainOptions): string[] {
  return tried
    .filter((each) => each !== deciding)
    .flatMap(({ match, result }) => {
      if (match === null || isAnonymous(match.credential)) return []
      const { status } = result.evidence
      const answer = status === null ? 'did not answer' : `answered ${status}`
      return `It also ${answer} to the credentials in ${describeOrigin(match.origin)}.`
    })
}

/** A diagnostic look-up without credentials, only for the advice (rows 25 and 28). */
async function isPublic(
  { result, match }: TriedCredential,
  { lookups, reference, signal }: ExplainOptions,
): Promise<boolean> {
  if (match === null || isAnonymous(match.credential)) return false
  if (result.outcome === 'unauthorized' && !result.credentialSent) return false
  const anonymous = await lookups.lookup({ reference, credential: null, signal })
  return anonymous.outcome === 'found'
}
