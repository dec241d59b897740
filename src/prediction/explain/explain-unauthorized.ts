import { nameOf } from '../../reference/reference-name.ts'
import type { CredentialOrigin } from '../../credentials/credential.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import type { Forbidden, Unauthorized } from '../../registry/lookup.ts'
import type { Finding } from '../finding.ts'
import type { WhyNoCredential } from '../pull-secrets/why-no-credential.ts'

export interface UnauthorizedContext {
  reference: ImageReference
  result: Unauthorized | Forbidden
  /** The credential that was tried; null when none matched and the attempt was anonymous. */
  origin: CredentialOrigin | null
  /** The matched credential has no user name or password, which makes the attempt anonymous. */
  emptyCredential: boolean
  why: Pick<WhyNoCredential, 'reasons' | 'advice'>
  /** The command that renews the secret; null when the credential is not from a secret. */
  renew: string | null
  /** What that command loses, to stand before it in brackets; empty when nothing is lost. */
  renewLoses?: string
  /** Full sentences about the credentials: that it has expired, and how others fared. */
  also?: readonly string[]
  /** Whether an anonymous look-up finds the image although the credential is refused (catalogue rows 25 and 28). */
  publicAnyway: boolean
  /** Words about a spelling that leads to another registry than meant (catalogue row 9); null when there is none. */
  hint: string | null
}

/** Rows 9, 19 to 29, 54 and 81 of the failure catalogue: who asked may not have it. */
export function explainUnauthorized(context: UnauthorizedContext): Finding {
  const { result, origin, emptyCredential } = context
  if (result.outcome === 'forbidden') return forbidden(context)
  if (result.reason === 'no-challenge') return noChallenge(context)
  if (origin === null || emptyCredential || !result.credentialSent)
    return required(context)
  if (result.reason === 'rejected' || result.reason === 'token-refused') {
    return rejected(context, origin)
  }
  return accessDenied(context, origin)
}

function certain(
  cause: Finding['cause'],
  message: string,
  advice: string | null,
): Finding {
  return { cause, certainty: 'certain', message, advice, doubts: [] }
}

/** `secret team-a/acme-pull (key "registry.acme.io")`: the name of a credential, never its value. */
export function describeOrigin({ kind, source, key }: CredentialOrigin): string {
  const what = {
    'pull-secret': 'secret',
    'node-config': 'the node configuration',
    'credential-provider': 'the credential provider',
  }[kind]
  return `${what} ${source} (key "${key}")`
}

/** Registries that tell a missing credential apart say so; the others leave open whether the repository exists. */
function required(context: UnauthorizedContext): Finding {
  const { reference, result, why, hint } = context
  const name = nameOf(reference)
  const says =
    result.outcome === 'unauthorized' && result.reason === 'no-credentials'
      ? `${reference.registry} requires credentials for ${name}.`
      : `${name} does not exist or is private, and ${reference.registry} does not show it without credentials.`
  const message = [says, ...why.reasons, hint].filter((part) => part !== null).join(' ')
  return certain('CredentialsRequired', message, why.advice)
}

function rejected(context: UnauthorizedContext, origin: CredentialOrigin): Finding {
  const { reference, result, publicAnyway } = context
  const status = result.evidence.status ?? 401
  const says = `${reference.registry} answered ${status} to the credentials in ${describeOrigin(origin)}.`
  if (!publicAnyway)
    return certain(
      'CredentialsRejected',
      sentences(says, context.also),
      renewing('Renew it', context),
    )
  return certain(
    'CredentialsRejected',
    sentences(says, [PUBLIC_ANYWAY, ...(context.also ?? [])]),
    renewing('Remove the secret from imagePullSecrets, or renew it', context),
  )
}

const PUBLIC_ANYWAY =
  'The image is public, but the kubelet does not try without credentials once a secret matches.'

function accessDenied(context: UnauthorizedContext, origin: CredentialOrigin): Finding {
  const { reference, also } = context
  return certain(
    'AccessDenied',
    sentences(
      `${reference.registry} accepts the credentials in ${describeOrigin(origin)}, but they may not pull ${nameOf(reference)}, or there is no such repository.`,
      also,
    ),
    renewing(
      'Give that account pull access to the repository, correct its name, or use another account',
      context,
    ),
  )
}

/** A 403 may come from an address filter, a firewall or a scanner, and look different from a node (row 81). */
function forbidden(context: UnauthorizedContext): Finding {
  const { reference, result, origin, publicAnyway } = context
  const codes = result.evidence.errors.map(({ code }) => code)
  const who = origin === null ? 'without credentials' : `with ${describeOrigin(origin)}`
  const detail = codes.length > 0 ? ` (${codes.join(', ')})` : ''
  return {
    cause: 'AccessDenied',
    certainty: 'uncertain',
    message: sentences(
      `${reference.registry} answered 403 for ${nameOf(reference)} ${who}${detail}.`,
      [...(publicAnyway ? [PUBLIC_ANYWAY] : []), ...(context.also ?? [])],
    ),
    advice:
      origin === null
        ? 'Check the permissions of the account, and whether the registry filters by address.'
        : renewing(
            'Check the permissions of the account, and whether the registry filters by address; or renew it',
            context,
          ),
    doubts: ['A 403 may be for the address of this webhook only.'],
  }
}

/** What to do about a credential of a secret; about one of the nodes, how to have one of one's own. */
function renewing(
  verb: string,
  { renew, renewLoses = '', why }: UnauthorizedContext,
): string {
  return renew === null ? why.advice : `${verb}${renewLoses}: ${renew}`
}

function sentences(first: string, others: readonly string[] = []): string {
  return [first, ...others].join(' ')
}

function noChallenge({ reference }: UnauthorizedContext): Finding {
  return certain(
    'ChallengeUnsupported',
    `${reference.registry} answers 401 without a WWW-Authenticate challenge that container runtimes know (Basic or Bearer), so no credential can be used.`,
    'Check the path of the image and the proxy before the registry.',
  )
}
