import { requiredKey } from '../../credentials/closest-key.ts'
import type { NearMiss } from '../../credentials/closest-key.ts'
import type { KeyringMatch } from '../../credentials/credential.ts'
import {
  createSecretCommand,
  patchServiceAccountCommand,
} from '../../credentials/secret-commands.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import { nameOf } from '../../reference/reference-name.ts'
import { printable } from '../../text/printable.ts'
import type { NamedSecret } from './named-secret.ts'
import type { PullCredentials } from './pull-credentials.ts'
import { renewal, secretOf } from './renew-secret.ts'

export interface MendOptions {
  credentials: PullCredentials
  reference: ImageReference
  /** What the service account lists; null when that is not known. */
  accountSecrets: readonly string[] | null
  /** The key that comes closest to the image where none matches. */
  nearest: NearMiss | null
  /** The entries that match the image and hold nothing. */
  matched: readonly KeyringMatch[]
}

/** The shortest way to a pull: make what is named and missing, mend what is broken, else make a secret of its own. */
export function adviseMending(options: MendOptions): string {
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
  { credentials, reference, accountSecrets }: MendOptions,
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

/** The closest key where it opens no image at all; a key that is good for another host or path is kept in mind. */
export function uselessKey(nearest: NearMiss | null): string | null {
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
