import { createSecretCommand, shellQuote } from '../../credentials/secret-commands.ts'
import type { PullSecretReading } from '../../credentials/pull-secret.ts'
import { printable } from '../../text/printable.ts'
import type { Finding } from '../finding.ts'
import type { NamedSecret } from './named-secret.ts'
import { renewal } from './renew-secret.ts'

type Unusable = Exclude<PullSecretReading, { status: 'usable' }>

/**
 * What is wrong with one pull secret, by itself (catalogue rows 30 to 35). Only a malformed one is certain: it keeps the
 * kubelet from pulling any image of the Pod. The others are ignored by the kubelet, and an image may pull without them.
 */
export function explainPullSecret(secret: NamedSecret): Finding | null {
  const { fact, reading, namespace } = secret
  const name = `${namespace}/${printable(secret.name, 253)}`
  if (fact.status === 'unnamed') {
    return note(
      'PullSecretUnnamed',
      'An entry of imagePullSecrets has no name, and the kubelet skips it.',
      'Name the secret, or remove the entry.',
    )
  }
  if (fact.status === 'absent') {
    return note(
      'PullSecretMissing',
      `Pull secret ${name} does not exist; the kubelet goes on without it.`,
      `Create it in namespace ${namespace}: ${createSecretCommand({ namespace, name: secret.name, server: '...' })}`,
    )
  }
  if (reading === null) return null
  if (reading.status === 'usable')
    return reading.hasCredentials ? null : unusableEntries(secret, reading.keys)
  return explainUnusable(name, secret, reading)
}

function explainUnusable(name: string, secret: NamedSecret, reading: Unusable): Finding {
  const advice = `Make it anew: ${renewal(secret, '...').command}`
  switch (reading.status) {
    case 'wrong-type':
      return note(
        'PullSecretWrongType',
        `Pull secret ${name} is of type ${reading.type}, which the kubelet ignores; it uses only kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg.`,
        reading.holdsDockerConfig
          ? `A type cannot be changed; m${advice.slice(1)}`
          : `Name a secret of such a type instead: ${createSecretCommand({ namespace: secret.namespace, name: '...', server: '...' })}`,
      )
    case 'missing-key':
      return note(
        'PullSecretEmpty',
        `Pull secret ${name} has no key ${reading.wantedKey}${present(reading.presentKeys)}.`,
        advice,
      )
    case 'empty':
      return note('PullSecretEmpty', emptyWords(name, reading), advice)
    case 'malformed':
      return {
        cause: 'PullSecretMalformed',
        certainty: 'certain',
        message: `Pull secret ${name} cannot be decoded${reading.key === null ? '' : ` (key "${reading.key}")`}: ${reading.reason}. The kubelet then pulls no image of the Pod at all, not even public ones.`,
        advice: `Make it anew (this replaces the whole secret): ${renewal(secret, reading.key ?? '...').command}`,
        doubts: [],
      }
    default:
      return reading satisfies never
  }
}

function emptyWords(
  name: string,
  { unreadFields, unwrappedKeys }: Extract<Unusable, { status: 'empty' }>,
): string {
  if (unwrappedKeys.length > 0) {
    return `Pull secret ${name} lists registries outside of "auths" (${unwrappedKeys.join(', ')}), where the kubelet does not look.`
  }
  if (unreadFields.length > 0) {
    return `Pull secret ${name} holds no credentials, only ${unreadFields.join(', ')}: they are in a credential helper of the machine where it was made.`
  }
  return `Pull secret ${name} holds no credentials.`
}

/** Catalogue rows 34 and 35: a secret whose entries all lack a user name or a password. */
function unusableEntries(secret: NamedSecret, keys: readonly string[]): Finding {
  const tokenOnly = keys.filter((key) => isTokenOnly(secret, key))
  return emptyKeys(secret, {
    keys,
    tokenOnly: tokenOnly.length === keys.length,
    server: '...',
  })
}

/** The same for the one entry that matches an image; `server` is the key to make it anew with. */
export function emptyEntry(secret: NamedSecret, key: string, server: string): Finding {
  const keys = secret.reading?.status === 'usable' ? secret.reading.keys : []
  const onlyKey = keys.length === 1
  const tokenOnly = isTokenOnly(secret, key)
  return emptyKeys(secret, { keys: [key], tokenOnly, server: onlyKey ? '...' : server })
}

function isTokenOnly({ reading }: NamedSecret, key: string): boolean {
  const remarks = reading?.status === 'usable' ? reading.remarks : []
  return remarks.some((each) => each.key === key && each.remark === 'token-only')
}

function emptyKeys(
  secret: NamedSecret,
  about: { keys: readonly string[]; tokenOnly: boolean; server: string },
): Finding {
  const { keys, tokenOnly, server } = about
  const name = `${secret.namespace}/${printable(secret.name, 253)}`
  const shown = keys
    .slice(0, 3)
    .map((key) => `"${key}"`)
    .join(', ')
  const why = tokenOnly
    ? 'only an identity token, which the kubelet does not read'
    : 'no user name and password, as a credential helper of docker leaves it'
  const { command, loses } = renewal(secret, server)
  return note(
    'PullSecretEmpty',
    `Pull secret ${name} has for ${shown} ${why}, so the kubelet asks anonymously.`,
    `Make it anew from a user name and a password or token${loses}: ${command}`,
  )
}

function present(keys: readonly string[]): string {
  return keys.length === 0 ? '' : `, only ${keys.join(', ')}`
}

/** Catalogue row 37. */
export function serviceAccountMissing(namespace: string, name: string): Finding {
  const shown = printable(name, 253)
  return note(
    'ServiceAccountMissing',
    `ServiceAccount ${namespace}/${shown} does not exist, and no Pod can be made until it does.`,
    `kubectl -n ${shellQuote(namespace)} create serviceaccount ${shellQuote(name)}`,
  )
}

function note(cause: Finding['cause'], message: string, advice: string): Finding {
  return { cause, certainty: 'uncertain', message, advice, doubts: [] }
}
