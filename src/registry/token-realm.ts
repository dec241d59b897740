import type { Challenge } from './challenge.ts'
import type { Session } from './session.ts'

const MAX_SCOPES = 16
const MAX_SCOPE_CHARACTERS = 4_096

/**
 * Where a challenge says that tokens are had; null for what cannot or must not be asked: no realm, another scheme than http(s), and plain
 * HTTP with a credential unless the operator reaches the registry itself over plain HTTP (design: credentials go "to the https token
 * realm" only).
 */
export function realmOf(challenge: Challenge, session: Session): URL | null {
  const realm = URL.parse(challenge.parameters.get('realm') ?? '')
  if (realm === null) return null
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:') return null
  const isPlain = realm.protocol === 'http:'
  const isPlainByChoice = session.baseUrl.startsWith('http:')
  if (isPlain && session.credential !== null && !isPlainByChoice) return null
  realm.username = ''
  realm.password = ''
  realm.hash = ''
  return realm
}

/** Scopes of the challenge and the repository's own pull scope, which containerd asks for in any case: sorted, each once. */
export function scopesOf(challenge: Challenge, repository: string): string[] {
  const offered = (challenge.parameters.get('scope') ?? '')
    .slice(0, MAX_SCOPE_CHARACTERS)
    .split(' ')
    .slice(0, MAX_SCOPES)
  const scopes = new Set([`repository:${repository}:pull`, ...offered])
  scopes.delete('')
  return [...scopes].toSorted()
}
