import { nameOf } from '../reference/reference-name.ts'
import { candidateKeys, explainNoMatch, requiredKey } from '../credentials/closest-key.ts'
import type { CredentialOrigin } from '../credentials/credential.ts'
import { describeNearMiss } from '../credentials/describe-near-miss.ts'
import {
  createSecretCommand,
  patchServiceAccountCommand,
} from '../credentials/secret-commands.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import { printable } from '../text/printable.ts'
import type { WhyNoCredential } from './explain-unauthorized.ts'
import type { PullCredentials } from './pull-credentials.ts'

/**
 * Why no pull secret of an object opens an image, in the order of what a person would look at first, and the commands that
 * mend it with the right names filled in (catalogue rows 19, 29 to 36).
 */
export async function whyNoCredential(
  credentials: PullCredentials,
  reference: ImageReference,
): Promise<WhyNoCredential> {
  const repository = nameOf(reference)
  const usable = credentials.secrets.flatMap(({ reading }) =>
    reading?.status === 'usable' ? [reading.source] : [],
  )
  const nearest =
    usable.length === 0 ? null : explainNoMatch(candidateKeys(usable), repository)
  const accountSecrets = await credentials.serviceAccountSecrets()
  const reasons = [
    ...credentials.findings.map(({ message }) => message),
    nearest === null ? null : describeNearMiss(nearest),
    nearest === null && usable.length > 0 ? noneMatches(credentials, repository) : null,
    credentials.secrets.length === 0 ? noSecrets(credentials) : null,
    unusedAccountSecrets(credentials, accountSecrets ?? []),
    await elsewhere(credentials),
  ].filter((reason) => reason !== null)
  return { reasons, advice: adviceFor(credentials, reference, accountSecrets ?? []) }
}

function noSecrets({ listFrom, serviceAccount, unread }: PullCredentials): string | null {
  if (unread !== null) return null
  return listFrom === 'object'
    ? 'It names no pull secret.'
    : `No pull secret is named, and service account ${serviceAccount} has none either.`
}

function noneMatches({ secrets }: PullCredentials, repository: string): string {
  const keys = secrets.flatMap(({ reading }) =>
    reading?.status === 'usable' ? reading.keys : [],
  )
  const shown = keys
    .slice(0, 5)
    .map((key) => `"${key}"`)
    .join(', ')
  return `The pull secrets have credentials for ${shown}, and none matches ${repository}.`
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
  const others = (await credentials.namespacesWithSecret(missing.name)).filter(
    (other) => other !== namespace,
  )
  if (others.length === 0) return null
  return `A Secret ${printable(missing.name, 253)} exists in namespace ${others.slice(0, 3).join(', ')}, but Pods can only use those of their own namespace.`
}

function adviceFor(
  credentials: PullCredentials,
  reference: ImageReference,
  accountSecrets: readonly string[],
): string {
  const { namespace, serviceAccount, secrets } = credentials
  const server = requiredKey(nameOf(reference))
  const broken = secrets.find(({ name, fact }) => name !== '' && fact.status === 'absent')
  if (broken !== undefined) {
    return createSecretCommand({ namespace, name: broken.name, server })
  }
  const listed = secrets.find(({ name, reading }) => name !== '' && reading !== null)
  if (listed !== undefined) {
    return createSecretCommand({ namespace, name: listed.name, server, renew: true })
  }
  const name = suggestedName(reference.registry)
  const create = createSecretCommand({ namespace, name, server })
  const patch = patchServiceAccountCommand({
    namespace,
    serviceAccount,
    secret: name,
    existing: accountSecrets,
  })
  return `${create} && ${patch}`
}

/** The command that makes the secret of a refused credential anew; null when it did not come from a secret. */
export function renewCommand(
  origin: CredentialOrigin,
  reference: ImageReference,
): string | null {
  const slash = origin.source.indexOf('/')
  if (origin.kind !== 'pull-secret' || slash === -1) return null
  return createSecretCommand({
    namespace: origin.source.slice(0, slash),
    name: origin.source.slice(slash + 1),
    server: requiredKey(nameOf(reference)),
    renew: true,
  })
}

/** `registry.acme.io:5000` -> `registry-acme-io-pull`: a valid name for a Secret. */
function suggestedName(registry: string): string {
  const base = printable(registry, 60)
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return `${base || 'registry'}-pull`
}
