import { printable } from '../text/printable.ts'
import {
  decodeDockerConfigJson,
  decodeDockercfg,
  type DockerConfig,
  type DockerConfigEntry,
} from './docker-config.ts'
import { decodeGoBase64 } from './go-base64.ts'
import { isAnonymous, toIndexKey, type KeyringSource } from './keyring.ts'
import { PullSecretMalformed } from './pull-secret-malformed.ts'
import { shownKey } from './shown-key.ts'

/** A Secret as the API gives it: the values of `data` are base64. */
export interface PullSecret {
  namespace: string
  name: string
  type: string
  data: Readonly<Record<string, string>>
}

/** Why an entry does less than its author expects. `key` is fit to be shown. */
export interface EntryRemark {
  key: string
  remark:
    /** Not an address to the kubelet, which skips the entry and says so in its log only. */
    | 'invalid-key'
    /** Only an `identitytoken` or `registrytoken`, which the kubelet does not read: an anonymous attempt. */
    | 'token-only'
    /** Neither user name nor password (docker's credential helpers leave such entries): an anonymous attempt. */
    | 'no-credential'
    /** A user name without a password, or the reverse: an anonymous attempt. */
    | 'half-credential'
    /** Not UTF-8: the kubelet hands the bytes on as they are, which cannot be done from here. */
    | 'not-utf8'
}

export type PullSecretReading =
  | {
      status: 'usable'
      source: KeyringSource
      /** All keys that the kubelet indexes, fit to be shown. */
      keys: string[]
      /** Whether at least one entry is more than an anonymous attempt. */
      hasCredentials: boolean
      remarks: EntryRemark[]
      /** Fields that docker reads and the kubelet does not: `credsStore`, `credHelpers`. */
      unreadFields: string[]
    }
  /** Well-formed without an entry the kubelet would index; as good as no secret. */
  | {
      status: 'empty'
      remarks: EntryRemark[]
      unreadFields: string[]
      /** Registries at the top level, where they do not count: the `auths` around them is missing. */
      unwrappedKeys: string[]
    }
  /** The kubelet ignores the secret without an event. `holdsDockerConfig`: the right key is there, only the type is wrong. */
  | { status: 'wrong-type'; type: string; holdsDockerConfig: boolean }
  | { status: 'missing-key'; wantedKey: string; presentKeys: string[] }
  /** Blocks every image of the Pod. `reason` is Go's text, `key` the entry's key fit to be shown, null for the document. */
  | { status: 'malformed'; reason: string; key: string | null }

const DATA_KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
}
const MAX_SHOWN_KEYS = 10

/** What the kubelet makes of a Secret that a Pod names in imagePullSecrets. (pull-semantics 3.1.3 and 3.2) */
export function readPullSecret(secret: PullSecret): PullSecretReading {
  const wantedKey = Object.hasOwn(DATA_KEYS, secret.type)
    ? DATA_KEYS[secret.type]
    : undefined
  if (wantedKey === undefined) {
    const holdsDockerConfig = Object.values(DATA_KEYS).some((key) =>
      Object.hasOwn(secret.data, key),
    )
    return { status: 'wrong-type', type: printable(secret.type, 100), holdsDockerConfig }
  }
  const value = Object.hasOwn(secret.data, wantedKey) ? secret.data[wantedKey] : undefined
  if (value === undefined)
    return { status: 'missing-key', wantedKey, presentKeys: shownNames(secret.data) }
  const decoding = decodeGoBase64(value, 'padded')
  if (decoding.status === 'corrupt')
    return { status: 'malformed', reason: decoding.reason, key: null }
  if (decoding.bytes.length === 0) return emptyReading()
  return readConfig(decoding.bytes.toString('utf8'), wantedKey, secret)
}

/** `namespace/name`, as origins and messages name a secret. */
export function secretSource({ namespace, name }: { namespace: string; name: string }) {
  return `${namespace}/${name}`
}

function readConfig(
  text: string,
  dataKey: string,
  secret: PullSecret,
): PullSecretReading {
  try {
    const config =
      dataKey === '.dockercfg' ? decodeDockercfg(text) : decodeDockerConfigJson(text)
    return toReading(config, secret)
  } catch (error) {
    if (!(error instanceof PullSecretMalformed)) throw error
    return { status: 'malformed', reason: error.reason, key: error.key }
  }
}

function toReading(config: DockerConfig, secret: PullSecret): PullSecretReading {
  const { entries, unreadFields } = config
  const remarks = entries.flatMap((entry) => remarkOn(entry) ?? [])
  const indexed = entries.filter(({ key }) => toIndexKey(key) !== null)
  if (indexed.length === 0) {
    const unwrappedKeys = config.unwrappedKeys.map(shownKey)
    return { status: 'empty', remarks, unreadFields, unwrappedKeys }
  }
  return {
    status: 'usable',
    source: { kind: 'pull-secret', source: secretSource(secret), entries },
    keys: indexed.map(({ key }) => shownKey(key)),
    hasCredentials: indexed.some((entry) => !isAnonymous(entry)),
    remarks,
    unreadFields,
  }
}

function remarkOn(entry: DockerConfigEntry): EntryRemark | null {
  const key = shownKey(entry.key)
  if (toIndexKey(entry.key) === null) return { key, remark: 'invalid-key' }
  // Bytes that are no UTF-8 were replaced when the entry was decoded.
  if (`${entry.username}${entry.password}`.includes('\ufffd'))
    return { key, remark: 'not-utf8' }
  if (!isAnonymous(entry)) return null
  if (entry.unreadFields.length > 0) return { key, remark: 'token-only' }
  const neither = entry.username === '' && entry.password === ''
  return { key, remark: neither ? 'no-credential' : 'half-credential' }
}

function emptyReading(): PullSecretReading {
  return { status: 'empty', remarks: [], unreadFields: [], unwrappedKeys: [] }
}

function shownNames(data: Readonly<Record<string, string>>): string[] {
  return Object.keys(data)
    .slice(0, MAX_SHOWN_KEYS)
    .map((name) => printable(name, 60))
}
