import type { KeyringMatch } from '../../credentials/credential.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import type { LookupResult } from '../../registry/lookup.ts'
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
  /** What the nodes add, asked only when none of `matches` settles it: a plugin may be slow. */
  more: () => Promise<readonly KeyringMatch[]>
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
  const tried = matches.length === 0 ? [] : await tryEach(matches, options)
  const last = tried.at(-1)
  if (last !== undefined && endsTheSearch(last.result)) return tried
  const more = await options.more()
  const matched = tried.length > 0 || more.length > 0
  return [...tried, ...(await tryEach(matched ? more : [null], options))]
}

async function tryEach(
  order: readonly (KeyringMatch | null)[],
  { lookups, reference, platforms, signal }: TryOptions,
): Promise<TriedCredential[]> {
  const tried: TriedCredential[] = []
  for (const match of order) {
    const credential = match?.credential ?? null
    const result = await lookups.lookup({ reference, credential, platforms, signal })
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
