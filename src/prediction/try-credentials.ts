import type { KeyringMatch } from '../credentials/credential.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import type { LookupResult } from '../registry/lookup.ts'
import type { CachedLookup } from './lookup-cache.ts'

/** One attempt of the kubelet. `match` is null for the anonymous attempt that it makes when no credential matches. */
export interface TriedCredential {
  match: KeyringMatch | null
  result: LookupResult
}

export interface TryOptions {
  lookups: CachedLookup
  reference: ImageReference
  matches: readonly KeyringMatch[]
  /** Platforms of the nodes, whose children of an index are looked up too. */
  platforms: string[]
  signal: AbortSignal
}

/**
 * The kubelet's order (pull-semantics 3.4): every matching credential in turn until one pulls, no anonymous attempt after
 * them, exactly one anonymous attempt when none matches. Ends early where another credential cannot change the answer.
 */
export async function tryCredentials(options: TryOptions): Promise<TriedCredential[]> {
  const { matches } = options
  const order: readonly (KeyringMatch | null)[] = matches.length > 0 ? matches : [null]
  const tried: TriedCredential[] = []
  for (const match of order) {
    const result = await options.lookups.lookup({
      reference: options.reference,
      credential: match?.credential ?? null,
      platforms: options.platforms,
      signal: options.signal,
    })
    tried.push({ match, result })
    if (endsTheSearch(result)) break
  }
  return tried
}

/** A pull that works, and troubles that have nothing to do with who asks. */
function endsTheSearch(result: LookupResult): boolean {
  switch (result.outcome) {
    case 'unauthorized':
    case 'forbidden':
    case 'not-found':
    case 'token-service-failure':
    case 'unexpected-status':
      return false
    default:
      return true
  }
}

/**
 * The attempt that decides. A success; else one that leaves the outcome open (a later credential might have worked had the
 * registry answered); else the one that came furthest: content that is not there was at least looked for with access.
 */
export function decidingAttempt(
  tried: readonly TriedCredential[],
): TriedCredential | undefined {
  return tried.toSorted((a, b) => rank(a.result) - rank(b.result))[0]
}

function rank(result: LookupResult): number {
  switch (result.outcome) {
    case 'found':
      return 0
    case 'unusable':
      return 2
    case 'not-found':
      return 3
    case 'unauthorized':
      return 4
    default:
      return 1
  }
}
