import type { CredentialOrigin, KeyringMatch } from './credential.ts'
import { decodeDockerConfigJson, type DockerConfigEntry } from './docker-config.ts'
import { parseGoUrl, toByteString } from './go-url.ts'
import { shownKey } from './shown-key.ts'
import {
  parseUrlGlob,
  parseUrlGlobBytes,
  urlGlobMatches,
  type UrlGlob,
} from './url-glob.ts'

/** A decoded docker config and where it came from. */
export interface KeyringSource {
  kind: CredentialOrigin['kind']
  /** `namespace/name` of the secret, the file, or the provider's name. */
  source: string
  entries: readonly Pick<DockerConfigEntry, 'key' | 'username' | 'password'>[]
}

/** The kubelet's BasicDockerKeyring. */
export interface Keyring {
  /** Every credential the kubelet would try for `repository` (registry and path, no tag), in its order. */
  match(repository: string): KeyringMatch[]
}

/** The answer of the public `createKeyring`. */
export interface KeyringLookup {
  matched: boolean
  credentials: { username: string; password: string }[]
}

/** What the kubelet looks up when nothing matched an image of Docker Hub (pull-semantics 3.4). */
const HUB_INDEX_KEY = 'index.docker.io'

interface Slot {
  indexKey: string
  glob: UrlGlob | null
  matches: KeyringMatch[]
}

/**
 * Orders and matches as the kubelet does. Pass the secrets of one Pod in the order of its list; the credentials of nodes are
 * keyrings of their own (`matchKeyrings`), because the fallback to Docker Hub's key applies to each by itself.
 */
export function buildKeyring(sources: readonly KeyringSource[]): Keyring {
  const slots = new Map<string, Slot>()
  for (const { kind, source, entries } of sources) {
    for (const { key, username, password } of entries) {
      const indexKey = toIndexKey(key)
      if (indexKey === null) continue
      const slot = slots.get(indexKey) ?? emptySlot(indexKey)
      const origin: CredentialOrigin = { kind, source, key: shownKey(key) }
      slot.matches.push({ credential: { username, password }, origin })
      slots.set(indexKey, slot)
    }
  }
  const ordered = [...slots.values()].toSorted((a, b) =>
    descending(a.indexKey, b.indexKey),
  )
  return { match: (repository) => matchSlots(ordered, slots, repository) }
}

/** The matches of several keyrings one after another: pull secrets first, then the nodes' docker config, then providers. */
export function matchKeyrings(
  keyrings: readonly Keyring[],
  repository: string,
): KeyringMatch[] {
  return keyrings.flatMap((keyring) => keyring.match(repository))
}

/**
 * The keyring of a Pod whose pull secrets hold these dockerconfigjson documents (parsed JSON, in the order of the Pod's list).
 * Throws PullSecretMalformed when the kubelet could not decode one of them. `lookup` takes registry and repository without a
 * tag, such as `docker.io/library/nginx`.
 */
export function createKeyring(dockerConfigs: readonly unknown[]): {
  lookup: (image: string) => KeyringLookup
} {
  const sources = dockerConfigs.map((config, index): KeyringSource => {
    const { entries } = decodeDockerConfigJson(JSON.stringify(config) ?? 'null')
    return { kind: 'pull-secret', source: `secret ${index + 1}`, entries }
  })
  const keyring = buildKeyring(sources)
  return {
    lookup(image) {
      const credentials = keyring.match(image).map(({ credential }) => credential)
      return { matched: credentials.length > 0, credentials }
    },
  }
}

/**
 * The kubelet's index key of a key of `auths`, as a byte string, or null for an entry that it ignores as invalid: http(s)://
 * goes, `/v1/` and `/v2/` at the start of the path shrink to `/`, a bare `/` goes. (pull-semantics 3.3)
 */
export function toIndexKey(key: string): string | null {
  const address = /^https?:\/\//.test(key) ? key : `https://${key}`
  const url = parseGoUrl(toByteString(address))
  if (url === null) return null
  const path = /^\/v[12]\//.test(url.path) ? url.path.slice(3) : url.path
  return path === '/' ? url.host : url.host + path
}

/** What an attempt with these credentials amounts to: containerd sends nothing unless both parts are there (pull-semantics 3.5). */
export function isAnonymous(credential: { username: string; password: string }): boolean {
  return credential.username === '' || credential.password === ''
}

function emptySlot(indexKey: string): Slot {
  return { indexKey, glob: parseUrlGlobBytes(indexKey), matches: [] }
}

function matchSlots(
  ordered: readonly Slot[],
  slots: ReadonlyMap<string, Slot>,
  repository: string,
): KeyringMatch[] {
  if (ordered.length === 0) return []
  const target = parseUrlGlob(repository)
  const matching = ordered.filter(
    ({ glob }) => glob !== null && target !== null && urlGlobMatches(glob, target),
  )
  if (matching.length > 0) return matching.flatMap(({ matches }) => matches)
  if (!isDefaultRegistry(repository)) return []
  return slots.get(HUB_INDEX_KEY)?.matches.slice() ?? []
}

/** The kubelet's isDefaultRegistryMatch: besides docker.io itself also what has neither a dot nor a port, such as `localhost/app`. */
function isDefaultRegistry(repository: string): boolean {
  const slash = repository.indexOf('/')
  const host = slash < 0 ? repository : repository.slice(0, slash)
  if (host === '') return false
  if (slash < 0 || host === 'docker.io' || host === 'index.docker.io') return true
  return !/[.:]/.test(host)
}

function descending(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? 1 : -1
}
