import type { CredentialOrigin } from './credential.ts'
import { isAnonymous, toIndexKey, type KeyringSource } from './keyring.ts'
import { shownKey } from './shown-key.ts'
import { labelMatches, parseUrlGlobBytes } from './url-glob.ts'

/** An entry of a pull secret that another one comes before. */
export interface ShadowedEntry {
  entry: CredentialOrigin
  by: CredentialOrigin
  /**
   * `tried-after`: for the same key of an earlier secret, so only when that one is refused.
   * `never-used`: for Docker Hub's index.docker.io, which counts only where no key matches docker.io itself.
   */
  effect: 'tried-after' | 'never-used'
}

const HUB_INDEX_KEY = 'index.docker.io'
const MAX_REPORTED = 20

interface Indexed {
  indexKey: string
  origin: CredentialOrigin
  same: string
}

/**
 * Entries of the pull secrets of one Pod (in the order of its list) that stand behind others, which is how a stale secret
 * breaks a pull although a good one is there too. (pull-semantics 3.4: "inside one key in order of secrets")
 */
export function findShadowedEntries(sources: readonly KeyringSource[]): ShadowedEntry[] {
  const indexed = sources.flatMap(({ kind, source, entries }) =>
    entries.flatMap((entry): Indexed[] => {
      const indexKey = toIndexKey(entry.key)
      const origin: CredentialOrigin = { kind, source, key: shownKey(entry.key) }
      const same = `${entry.username}:${entry.password}`
      return indexKey === null || isAnonymous(entry) ? [] : [{ indexKey, origin, same }]
    }),
  )
  const hub = indexed.find(({ indexKey }) => matchesAllOfHub(indexKey))
  const first = new Map<string, Indexed>()
  const shadowed: ShadowedEntry[] = []
  for (const entry of indexed) {
    const earlier = first.get(entry.indexKey)
    if (earlier === undefined) first.set(entry.indexKey, entry)
    if (entry.indexKey === HUB_INDEX_KEY && hub !== undefined)
      shadowed.push({ entry: entry.origin, by: hub.origin, effect: 'never-used' })
    else if (earlier !== undefined && earlier.same !== entry.same)
      shadowed.push({ entry: entry.origin, by: earlier.origin, effect: 'tried-after' })
    if (shadowed.length === MAX_REPORTED) break
  }
  return shadowed
}

/** One sentence for a person. */
export function describeShadowedEntry({ entry, by, effect }: ShadowedEntry): string {
  const names = `The key "${entry.key}" of secret ${entry.source}`
  const other = `the key "${by.key}" of secret ${by.source}`
  return effect === 'never-used'
    ? `${names} is never used, because ${other} matches all of Docker Hub.`
    : `${names} is used only after ${other} was refused.`
}

/** Whether a key is used for every image of docker.io, so that the kubelet never falls back to index.docker.io. */
function matchesAllOfHub(indexKey: string): boolean {
  const glob = parseUrlGlobBytes(indexKey)
  if (glob === null || glob.port !== '' || glob.path.length > 1) return false
  const [name = '', top = '', ...more] = glob.labels
  return more.length === 0 && labelMatches(name, 'docker') && labelMatches(top, 'io')
}
