import { nameOf } from '../reference/reference-name.ts'
import { candidateKeys, explainNoMatch, requiredKey } from '../credentials/closest-key.ts'
import type { NearMiss } from '../credentials/closest-key.ts'
import type { KeyringMatch } from '../credentials/credential.ts'
import { describeNearMiss } from '../credentials/describe-near-miss.ts'
import {
  createSecretCommand,
  patchServiceAccountCommand,
} from '../credentials/secret-commands.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import { printable } from '../text/printable.ts'
import type { Finding } from './finding.ts'
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
    advice: adviceFor({ credentials, reference, accountSecrets, nearest, matched }),
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

/** The closest key where it opens no image at all; a key that is good for another host or path is kept in mind. */
function uselessKey(nearest: NearMiss | null): string | null {
  return nearest !== null && USELESS.has(nearest.why.reason) ? nearest.key : null
}

const USELESS: ReadonlySet<NearMiss['why']['reason']> = new Set([
  'whitespace',
  'scheme',
  'version-without-slash',
  'docker-hub-name',
  'letter-case',
  'glob-outside-host',
  'invalid-key',
])

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
  const others = (await credentials.namespacesWithSecret(missing.name)).filter(
    (other) => other !== namespace,
  )
  if (others.length === 0) return null
  return `A Secret ${printable(missing.name, 253)} exists in namespace ${others.slice(0, 3).join(', ')}, but Pods can only use those of their own namespace.`
}

interface AdviceOptions {
  credentials: PullCredentials
  reference: ImageReference
  accountSecrets: readonly string[] | null
  nearest: NearMiss | null
  matched: readonly KeyringMatch[]
}

/** The shortest way to a pull: make what is named and missing, mend what is broken, else make a secret of its own. */
function adviceFor(options: AdviceOptions): string {
  const { credentials, reference, nearest, matched } = options
  const { namespace, secrets } = credentials
  const server = requiredKey(nameOf(reference))
  const missing = secrets.find(
    ({ name, fact }) => name !== '' && fact.status === 'absent',
  )
  if (missing !== undefined) {
    return `Create it: ${createSecretCommand({ namespace, name: missing.name, server })}`
  }
  const source = matched[0]?.origin.source ?? nearest?.origin.source ?? null
  const mendable = source === null ? firstBroken(secrets) : secretOf(source, secrets)
  if (mendable !== null) {
    const { command, loses } = renewal(mendable, server, uselessKey(nearest))
    return `Make it anew${loses}: ${command}`
  }
  return createAnother(options, server)
}

/** A secret that holds nothing of use, so nothing is lost when it is made anew. An Opaque one may be in use elsewhere. */
function firstBroken(secrets: readonly NamedSecret[]): NamedSecret | null {
  const broken = secrets.find(({ reading }) => {
    if (reading === null || reading.status === 'malformed') return false
    if (reading.status === 'wrong-type') return reading.holdsDockerConfig
    return reading.status !== 'usable' || !reading.hasCredentials
  })
  return broken ?? null
}

function createAnother(
  { credentials, reference, accountSecrets }: AdviceOptions,
  server: string,
): string {
  const { namespace, serviceAccount, listFrom } = credentials
  const name = freeName(reference.registry, credentials)
  const create = createSecretCommand({ namespace, name, server })
  if (listFrom === 'object') {
    const account = (accountSecrets ?? []).map((each) => printable(each, 253)).join(', ')
    const instead =
      account === '' ? '' : `name ${account} in imagePullSecrets as well, or `
    return `To mend it, ${instead}create a secret and add "- name: ${name}" to imagePullSecrets: ${create}`
  }
  if (accountSecrets === null) {
    return `Create a secret and add it to imagePullSecrets (of the Pod or of service account ${serviceAccount}): ${create}`
  }
  const patch = patchServiceAccountCommand({
    namespace,
    serviceAccount,
    secret: name,
    existing: accountSecrets,
  })
  return `Create a secret for service account ${serviceAccount}: ${create} && ${patch}`
}

/** `registry.acme.io:5000` -> `registry-acme-io-pull`: a valid name for a Secret, and none that is listed already. */
function freeName(registry: string, { secrets }: PullCredentials): string {
  const base = printable(registry, 60)
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  const name = `${base || 'registry'}-pull`
  return secrets.some((secret) => secret.name === name) ? `${name}-2` : name
}

/** What could not be read, as a full sentence; null when everything was. A refusal then says nothing about the pull. */
export function describeUnread({
  namespace,
  serviceAccount,
  secrets,
  unread,
}: PullCredentials): string | null {
  if (unread === null) return null
  const names = secrets
    .filter(({ fact }) => fact.status === 'unknown')
    .map(({ name }) => `${namespace}/${printable(name, 253)}`)
  const why = printable(unread, 200)
  const [first, ...others] = names
  if (first === undefined)
    return `Service account ${namespace}/${serviceAccount}, which may list pull secrets, could not be read (${why}).`
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `Pull secret ${first}${more} could not be read (${why}).`
}

/** How to look by hand at what could not be read. */
export function unreadAdvice(
  { namespace, serviceAccount, secrets }: PullCredentials,
  reference: ImageReference,
): string {
  const server = requiredKey(nameOf(reference))
  const unread = secrets.find(({ fact }) => fact.status === 'unknown')
  return unread === undefined
    ? `See which pull secrets it lists: kubectl -n ${namespace} get serviceaccount ${printable(serviceAccount, 253)} -o yaml`
    : `Make sure that it exists and has the key "${server}": kubectl -n ${namespace} get secret ${printable(unread.name, 253)}`
}
