import type { CredentialOrigin } from '../../credentials/credential.ts'
import { isAnonymous, toIndexKey } from '../../credentials/keyring.ts'
import { createSecretCommand, shellQuote } from '../../credentials/secret-commands.ts'
import { shownKey } from '../../credentials/shown-key.ts'
import type { NamedSecret } from './named-secret.ts'
import type { PullCredentials } from './pull-credentials.ts'

const MAX_KEYS = 4
/** The one type that `kubectl create secret docker-registry` makes. */
const MADE_TYPE = 'kubernetes.io/dockerconfigjson'

export interface Renewal {
  command: string
  /** ` (this replaces ...)`, to stand before the command; empty when nothing is lost. */
  loses: string
}

/**
 * The command that makes a pull secret anew under its name with one key. It replaces the whole Secret, whose type the API
 * server never lets change. `server` is `...` where the image is not known; `useless` is a key as shown that opens nothing.
 */
export function renewal(
  secret: NamedSecret,
  server: string,
  useless: string | null = null,
): Renewal {
  const { namespace, name, fact, reading } = secret
  const otherType = fact.status === 'known' && fact.value.type !== MADE_TYPE
  const command = otherType
    ? `kubectl -n ${shellQuote(namespace)} delete secret ${shellQuote(name)} && ${createSecretCommand({ namespace, name, server })}`
    : createSecretCommand({ namespace, name, server, renew: true })
  const entries = reading?.status === 'usable' ? reading.source.entries : []
  const others = entries
    .filter((entry) => !isAnonymous(entry) && toIndexKey(entry.key) !== null)
    .filter(({ key }) => server === '...' || !sameKey(key, server))
    .map(({ key }) => shownKey(key))
    .filter((key) => key !== useless)
  return { command, loses: others.length === 0 ? '' : lost(others) }
}

/** The same for the secret that a credential came from; null when it did not come from one. */
export function renewalOf(
  { kind, source, key }: CredentialOrigin,
  { secrets }: PullCredentials,
): Renewal | null {
  if (kind !== 'pull-secret') return null
  const secret = secretOf(source, secrets)
  return secret === null ? null : renewal(secret, key)
}

/** `Renew it (this replaces ...): kubectl ...`; null where there is nothing to renew. */
export function adviseRenewal(verb: string, renewed: Renewal | null): string | null {
  return renewed === null ? null : `${verb}${renewed.loses}: ${renewed.command}`
}

/** The secret that an origin names as `namespace/name`. */
export function secretOf(
  source: string,
  secrets: readonly NamedSecret[],
): NamedSecret | null {
  return secrets.find(({ namespace, name }) => `${namespace}/${name}` === source) ?? null
}

function lost(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_KEYS).map((key) => `"${key}"`)
  const left = keys.length - shown.length
  const list = `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`
  return ` (this replaces the whole secret, which also holds ${list})`
}

function sameKey(a: string, b: string): boolean {
  const key = toIndexKey(a)
  return key !== null && key === toIndexKey(b)
}
