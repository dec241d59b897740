import type { CredentialOrigin } from './credential.ts'
import type { KeyringSource } from './keyring.ts'
import { DETECTORS, toCandidate } from './near-miss.ts'
import type { NearMissReason, Target } from './near-miss.ts'
import { shownKey } from './shown-key.ts'
import { parseUrlGlob } from './url-glob.ts'

/** A key as it is written in a secret, and the secret. */
export interface CandidateKey {
  key: string
  origin: Omit<CredentialOrigin, 'key'>
}

/** The key that comes closest to an image for which none matched. */
export interface NearMiss {
  /** Fit to be shown, not to be parsed. */
  key: string
  origin: Omit<CredentialOrigin, 'key'>
  why: NearMissReason
  /** The key that would match. */
  requiredKey: string
}

/** https://index.docker.io/v1/ is what `docker login` and `kubectl create secret docker-registry` write for Docker Hub. */
const HUB_KEY = 'https://index.docker.io/v1/'
/** Secrets have a handful of keys; what is beyond this is not worth the time of an admission request. */
const MAX_CANDIDATES = 200

/** The key that credentials for this repository (registry and path) must stand under. */
export function requiredKey(repository: string): string {
  const slash = repository.indexOf('/')
  const host = slash < 0 ? 'docker.io' : repository.slice(0, slash)
  return host === 'docker.io' || host === 'index.docker.io' ? HUB_KEY : host
}

/** The keys of decoded secrets, for `explainNoMatch`. */
export function candidateKeys(sources: readonly KeyringSource[]): CandidateKey[] {
  return sources.flatMap(({ kind, source, entries }) =>
    entries.map(({ key }) => ({ key, origin: { kind, source } })),
  )
}

/** When no key matched: the one that was probably meant and why it does not match; null when none comes near. */
export function explainNoMatch(
  keys: readonly CandidateKey[],
  repository: string,
): NearMiss | null {
  const glob = parseUrlGlob(repository)
  if (glob === null) return null
  const wanted = requiredKey(repository)
  const target: Target = { ...glob, repository, isHub: wanted === HUB_KEY }
  const candidates = keys
    .slice(0, MAX_CANDIDATES)
    .map(({ key, origin }) => ({ candidate: toCandidate(key), origin }))
  for (const detect of DETECTORS) {
    for (const { candidate, origin } of candidates) {
      const why = detect(candidate, target)
      if (why === null) continue
      return { key: shownKey(candidate.text), origin, why, requiredKey: wanted }
    }
  }
  return null
}
