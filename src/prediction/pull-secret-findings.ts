import { createSecretCommand } from '../credentials/secret-commands.ts'
import type { PullSecretReading } from '../credentials/pull-secret.ts'
import { printable } from '../text/printable.ts'
import type { Finding } from './finding.ts'
import type { NamedSecret } from './pull-credentials.ts'

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
    return reading.hasCredentials ? null : unusableEntries(name)
  return explainUnusable(name, secret, reading)
}

function explainUnusable(name: string, secret: NamedSecret, reading: Unusable): Finding {
  const renew = createSecretCommand({
    namespace: secret.namespace,
    name: secret.name,
    server: '...',
    renew: true,
  })
  switch (reading.status) {
    case 'wrong-type':
      return note(
        'PullSecretWrongType',
        `Pull secret ${name} is of type ${reading.type}, which the kubelet ignores; it uses only kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg.`,
        `The type cannot be changed: kubectl -n ${secret.namespace} delete secret ${printable(secret.name, 253)}, then create it again: ${createSecretCommand({ namespace: secret.namespace, name: secret.name, server: '...' })}`,
      )
    case 'missing-key':
      return note(
        'PullSecretEmpty',
        `Pull secret ${name} has no key ${reading.wantedKey}${present(reading.presentKeys)}.`,
        `Create it anew: ${renew}`,
      )
    case 'empty':
      return note(
        'PullSecretEmpty',
        emptyWords(name, reading),
        `Create it anew: ${renew}`,
      )
    case 'malformed':
      return {
        cause: 'PullSecretMalformed',
        certainty: 'certain',
        message: `Pull secret ${name} cannot be decoded${reading.key === null ? '' : ` (key "${reading.key}")`}: ${reading.reason}. The kubelet then pulls no image of the Pod at all, not even public ones.`,
        advice: `Create it anew: ${renew}`,
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

function unusableEntries(name: string): Finding {
  return note(
    'PullSecretEmpty',
    `Pull secret ${name} has entries without user name and password, with which the kubelet asks anonymously (left by a credential helper, or only an identity token, which the kubelet does not read).`,
    'Create it from a user name and a password or token, not from the config.json of a machine with a credential helper.',
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
    `kubectl -n ${namespace} create serviceaccount ${shown}`,
  )
}

function note(cause: Finding['cause'], message: string, advice: string): Finding {
  return { cause, certainty: 'uncertain', message, advice, doubts: [] }
}
