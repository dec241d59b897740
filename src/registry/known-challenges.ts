import { createBoundedCache } from '../cache/bounded-cache.ts'
import type { Challenge } from './challenge.ts'
import type { CredentialFingerprint } from './credential-fingerprint.ts'
import type { Session } from './session.ts'

/** What a repository is known, or expected, to ask for. */
export interface KnownChallenge {
  challenge: Challenge
  /** The repository itself has not said so: another one of its registry has. */
  isGuess: boolean
}

/** Who is asked, and for whom. */
type Asker = Pick<Session, 'endpoint' | 'registry' | 'repository' | 'credential'>

export interface KnownChallenges {
  find(asker: Asker): KnownChallenge | null
  /** The repository asked for this. */
  asked(asker: Asker, challenge: Challenge): void
  /** This opened the repository, so other ones of its registry will ask for the like. */
  opened(asker: Asker, challenge: Challenge): void
  /** What the repository was known to ask for did not open it. */
  forget(asker: Asker): void
  /** A repository turned out to ask for something else than its registry's others. */
  guessedWrong(asker: Asker): void
}

export interface KnownChallengesOptions {
  fingerprint: CredentialFingerprint
  now: () => number
}

const MAX_REPOSITORIES = 5_000
const MAX_REGISTRIES = 2_000
/** Each of the two memories; a challenge has some 200 characters. */
const MAX_BYTES = 2_097_152
const TTL_MS = 300_000
const PARAMETERS = ['realm', 'service', 'scope'] as const

/**
 * What registries ask for, so that a look-up need not be refused first to learn it (docs/adr/0008): for a repository what it
 * asked for itself. For a new one what others of its registry asked for, with two limits. Only where a token is asked for: a
 * password goes nowhere unasked. And only with the credential that opened the others: its token service has that credential
 * already, so that a repository that would have asked for nothing, or another service, gives away nothing new.
 */
export function createKnownChallenges({
  fingerprint,
  now,
}: KnownChallengesOptions): KnownChallenges {
  const bounds = { maxBytes: MAX_BYTES, now }
  const repositories = createBoundedCache<Challenge>({
    ...bounds,
    maxEntries: MAX_REPOSITORIES,
    sizeOf: sizeOfChallenge,
  })
  const registries = createBoundedCache<Pattern | 'varies'>({
    ...bounds,
    maxEntries: MAX_REGISTRIES,
    sizeOf: (known) => (known === 'varies' ? 0 : sizeOfChallenge(known.challenge)),
  })

  const registryKey = ({ endpoint, registry, credential }: Asker): string =>
    `${endpoint.baseUrl} ${registry} ${fingerprint(credential)}`

  return {
    find(asker) {
      const own = repositories.get(repositoryKey(asker))
      if (own !== undefined) return { challenge: own, isGuess: false }
      const pattern = registries.get(registryKey(asker))
      if (pattern === undefined || pattern === 'varies') return null
      return { challenge: challengeFor(asker.repository, pattern), isGuess: true }
    },
    asked(asker, challenge) {
      repositories.set(repositoryKey(asker), essence(challenge), TTL_MS)
    },
    opened(asker, challenge) {
      const key = registryKey(asker)
      const pattern = patternOf(challenge, asker.repository)
      if (pattern === null || registries.get(key) === 'varies') return
      registries.set(key, pattern, TTL_MS)
    },
    forget(asker) {
      repositories.delete(repositoryKey(asker))
    },
    guessedWrong(asker) {
      registries.set(registryKey(asker), 'varies', TTL_MS)
    },
  }
}

export function isSameChallenge(left: Challenge, right: Challenge): boolean {
  return (
    left.scheme === right.scheme &&
    PARAMETERS.every((name) => left.parameters.get(name) === right.parameters.get(name))
  )
}

/** A challenge, and the repository that its scopes are about. */
interface Pattern {
  challenge: Challenge
  repository: string
}

/** Null where it speaks of the repository in another way than by `repository:<name>:` in its scopes (Artifactory: in the realm). */
function patternOf(challenge: Challenge, repository: string): Pattern | null {
  if (challenge.scheme !== 'bearer') return null
  const { realm, scope } = essentials(challenge)
  const path = URL.parse(realm)?.pathname.split('/') ?? []
  const isOwnRealm = repository.split('/').some((part) => path.includes(part))
  const foreign = scope
    .split(' ')
    .filter((each) => !each.startsWith(`repository:${repository}:`))
  if (isOwnRealm || foreign.some((each) => each.startsWith('repository:'))) return null
  return { challenge: essence(challenge), repository }
}

function challengeFor(name: string, { challenge, repository }: Pattern): Challenge {
  const prefix = `repository:${repository}:`
  const parameters = new Map(challenge.parameters)
  const scope = parameters.get('scope')
  if (scope !== undefined) {
    const renamed = scope
      .split(' ')
      .map((each) =>
        each.startsWith(prefix)
          ? `repository:${name}:${each.slice(prefix.length)}`
          : each,
      )
    parameters.set('scope', renamed.join(' '))
  }
  return { ...challenge, parameters }
}

function repositoryKey({ endpoint, registry, repository }: Asker): string {
  return `${endpoint.baseUrl} ${registry} ${repository}`
}

/** Without what nobody answers, such as `error`. */
function essence({ scheme, parameters }: Challenge): Challenge {
  const kept = PARAMETERS.flatMap((name) => {
    const value = parameters.get(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return { scheme, parameters: new Map(kept) }
}

function essentials({ parameters }: Challenge): { realm: string; scope: string } {
  return { realm: parameters.get('realm') ?? '', scope: parameters.get('scope') ?? '' }
}

function sizeOfChallenge({ parameters }: Challenge): number {
  return [...parameters].reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    100,
  )
}
