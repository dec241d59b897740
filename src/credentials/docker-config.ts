import { decodeAuthBase64 } from './go-base64.ts'
import {
  checkJson,
  isFieldName,
  jsonKind,
  jsonMembers,
  jsonString,
  type JsonText,
} from './go-json.ts'
import { PullSecretMalformed } from './pull-secret-malformed.ts'

/** One entry of `auths`. Both parts empty means that the kubelet makes an anonymous attempt for it. */
export interface DockerConfigEntry {
  /** As written in the secret. */
  key: string
  username: string
  password: string
  /** Fields with a value that the kubelet does not read: `identitytoken`, `registrytoken`. */
  unreadFields: string[]
}

/** What the kubelet reads out of a docker config, and what it leaves. */
export interface DockerConfig {
  /** In the order of the document; a repeated key counts once, with its last value. */
  entries: DockerConfigEntry[]
  /** Top-level fields that docker reads and the kubelet does not: `credsStore`, `credHelpers`, `identitytoken`. */
  unreadFields: string[]
  /** Top-level names that look like registries although only those inside `auths` count: the wrapper was forgotten. */
  unwrappedKeys: string[]
}

const GO_PACKAGE = 'credentialprovider'
const MAX_LISTED = 10

/**
 * The value of a `kubernetes.io/dockerconfigjson` Secret or a node's config.json.
 * Throws PullSecretMalformed where Go's decoder returns an error.
 */
export function decodeDockerConfigJson(text: string): DockerConfig {
  const json = parseDocument(text)
  const type = `${GO_PACKAGE}.DockerConfigJSON`
  const config: DockerConfig = { entries: [], unreadFields: [], unwrappedKeys: [] }
  if (jsonKind(json) === 'null') return config
  if (jsonKind(json) !== 'object') throw mismatch(json, `Go value of type ${type}`, null)
  let entries = new Map<string, DockerConfigEntry>()
  const saved = new FirstFault()
  for (const [name, value] of jsonMembers(json)) {
    if (isFieldName(name, 'auths')) {
      const field = 'Go struct field DockerConfigJSON.auths'
      if (jsonKind(value) === 'null') entries = new Map()
      else if (jsonKind(value) === 'object') decodeEntries(value, entries, field)
      else saved.add(mismatch(value, `${field} of type ${GO_PACKAGE}.DockerConfig`, null))
    } else if (isFieldName(name, 'HttpHeaders')) checkHeaders(value, saved)
    else noteUnread(name, value, config)
  }
  saved.throwIfAny()
  return { ...config, entries: [...entries.values()] }
}

/** The value of a `kubernetes.io/dockercfg` Secret: the entries without the `auths` around them. Throws PullSecretMalformed. */
export function decodeDockercfg(text: string): DockerConfig {
  const json = parseDocument(text)
  const entries = new Map<string, DockerConfigEntry>()
  if (jsonKind(json) === 'object') decodeEntries(json, entries, null)
  else if (jsonKind(json) !== 'null')
    throw mismatch(json, `Go value of type ${GO_PACKAGE}.DockerConfig`, null)
  return { entries: [...entries.values()], unreadFields: [], unwrappedKeys: [] }
}

/**
 * Go's decoder goes on after a wrong type and returns the first such error in the end; an error of an entry, which decodes
 * itself, ends it at once.
 */
class FirstFault {
  #fault: PullSecretMalformed | null = null

  add(fault: PullSecretMalformed): void {
    this.#fault ??= fault
  }

  throwIfAny(): void {
    if (this.#fault !== null) throw this.#fault
  }
}

function parseDocument(text: string): JsonText {
  const check = checkJson(text)
  if (check.status === 'valid') return check.json
  throw new PullSecretMalformed({ reason: check.reason, key: null })
}

function decodeEntries(
  json: JsonText,
  entries: Map<string, DockerConfigEntry>,
  parent: string | null,
): void {
  for (const [key, value] of jsonMembers(json)) {
    const entry = decodeEntry(key, value, parent)
    entries.set(key, entry)
  }
}

function decodeEntry(
  key: string,
  json: JsonText,
  parent: string | null,
): DockerConfigEntry {
  const entry: DockerConfigEntry = { key, username: '', password: '', unreadFields: [] }
  if (jsonKind(json) === 'null') return entry
  const type = `${GO_PACKAGE}.dockerConfigEntryWithAuth`
  if (jsonKind(json) !== 'object')
    throw mismatch(json, `${parent ?? 'Go value'} of type ${type}`, key)
  const fields = { username: '', password: '', email: '', auth: '' }
  const saved = new FirstFault()
  for (const [name, value] of jsonMembers(json)) {
    const field = entryField(name)
    if (field === null) noteUnreadEntryField(name, value, entry)
    else if (jsonKind(value) === 'string') fields[field] = jsonString(value)
    else if (jsonKind(value) !== 'null') {
      const owner = parent ?? 'Go struct field dockerConfigEntryWithAuth'
      saved.add(mismatch(value, `${owner}.${field} of type string`, key))
    }
  }
  saved.throwIfAny()
  if (fields.auth === '')
    return { ...entry, username: fields.username, password: fields.password }
  return { ...entry, ...decodeAuth(fields.auth, key) }
}

function entryField(name: string): 'username' | 'password' | 'email' | 'auth' | null {
  if (isFieldName(name, 'username')) return 'username'
  if (isFieldName(name, 'password')) return 'password'
  if (isFieldName(name, 'email')) return 'email'
  return isFieldName(name, 'auth') ? 'auth' : null
}

/** pull-semantics 3.2: base64 of `user:password`, divided at the first colon. */
function decodeAuth(auth: string, key: string): { username: string; password: string } {
  const decoding = decodeAuthBase64(auth)
  if (decoding.status === 'corrupt')
    throw new PullSecretMalformed({ reason: decoding.reason, key })
  const text = decoding.bytes.toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0)
    throw new PullSecretMalformed({
      reason:
        'unable to parse auth field, must be formatted as base64(username:password)',
      key,
    })
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

function checkHeaders(json: JsonText, saved: FirstFault): void {
  const field = 'Go struct field DockerConfigJSON.HttpHeaders'
  if (jsonKind(json) === 'null') return
  if (jsonKind(json) !== 'object') {
    saved.add(mismatch(json, `${field} of type map[string]string`, null))
    return
  }
  for (const [, value] of jsonMembers(json)) {
    if (jsonKind(value) === 'string' || jsonKind(value) === 'null') continue
    saved.add(mismatch(value, `${field} of type string`, null))
  }
}

function noteUnread(name: string, value: JsonText, config: DockerConfig): void {
  if (/^(?:credsStore|credHelpers|identitytoken)$/i.test(name)) {
    if (!isEmptyJson(value)) addOnce(config.unreadFields, name)
  } else if (jsonKind(value) === 'object' && /[.:]|^localhost/.test(name)) {
    addOnce(config.unwrappedKeys, name)
  }
}

function noteUnreadEntryField(
  name: string,
  value: JsonText,
  entry: DockerConfigEntry,
): void {
  if (/^(?:identitytoken|registrytoken)$/i.test(name) && !isEmptyJson(value))
    addOnce(entry.unreadFields, name.toLowerCase())
}

function addOnce(names: string[], name: string): void {
  if (names.length < MAX_LISTED && !names.includes(name)) names.push(name)
}

function isEmptyJson(json: JsonText): boolean {
  return /^(?:null|""|\{\s*\})$/.test(json.text)
}

function mismatch(
  json: JsonText,
  target: string,
  key: string | null,
): PullSecretMalformed {
  const reason = `json: cannot unmarshal ${jsonKind(json)} into ${target}`
  return new PullSecretMalformed({ reason, key })
}
