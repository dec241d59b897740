import type { Credential } from '../../credentials/credential.ts'
import { contactedOrNull } from '../../reference/contacted-reference.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import { nameOf } from '../../reference/reference-name.ts'
import { editDistance } from '../../text/edit-distance.ts'
import type { CachedLookup } from '../lookups/lookup-cache.ts'

export interface SuggestRepositoriesOptions {
  reference: ImageReference
  /** The one that was answered; no other is ever sent. */
  credential: Credential | null
  /** Images of the same object or the same namespace, as written. */
  siblings: readonly string[]
  lookups: CachedLookup
  signal: AbortSignal
}

/** Extra look-ups at most: a suggestion must not cost what the verdict did. */
const MAX_LOOKUPS = 2
/** Siblings looked at, of however many there are. */
const MAX_SIBLINGS = 100

/**
 * Names of repositories of the same registry that are near the missing one and do exist: what other images of the object or namespace
 * use, and the `library/` slip either way. Each is looked up before it is named.
 */
export async function suggestRepositories(
  options: SuggestRepositoriesOptions,
): Promise<string[]> {
  const { lookups, credential, signal } = options
  const found = await Promise.all(
    candidates(options).map(async (reference) => {
      const { outcome } = await lookups.lookup({ reference, credential, signal })
      return outcome === 'found' ? nameOf(reference) : null
    }),
  )
  return found.filter((name) => name !== null)
}

function candidates({
  reference,
  siblings,
}: SuggestRepositoriesOptions): ImageReference[] {
  const near = new Map<string, { reference: ImageReference; score: number }>()
  for (const image of siblings.slice(0, MAX_SIBLINGS)) {
    const sibling = contactedOrNull(image)
    if (sibling === null || sibling.registry !== reference.registry) continue
    const score = distance(reference.repository, sibling.repository)
    if (score !== null && !near.has(sibling.repository))
      near.set(sibling.repository, { reference: sibling, score })
  }
  const byScore = [...near.values()].toSorted((a, b) => a.score - b.score)
  const slip = withOtherLibrary(reference)
  const all = byScore.map((each) => each.reference)
  if (slip !== null && !near.has(slip.repository)) all.push(slip)
  return all.slice(0, MAX_LOOKUPS)
}

/** Smaller is nearer; null for another name, and for the very same one. */
function distance(wanted: string, repository: string): number | null {
  if (wanted === repository) return null
  if (lastPart(wanted) === lastPart(repository)) return 0.5
  const limit = Math.min(3, Math.max(1, Math.floor(wanted.length / 4)))
  return editDistance(wanted, repository, limit)
}

function lastPart(repository: string): string {
  return repository.slice(repository.lastIndexOf('/') + 1)
}

/**
 * `library/` is where Docker Hub keeps its official images, and the first project of a Harbor; people write it where it does not
 * belong, or leave it out.
 */
function withOtherLibrary(reference: ImageReference): ImageReference | null {
  const { registry, repository } = reference
  const parts = repository.split('/')
  if (parts[0] === 'library') {
    // Docker Hub knows no repository of one part: a short name is library/ again.
    if (parts.length === 2 && registry === 'docker.io') return null
    return renamed(reference, parts.slice(1).join('/'))
  }
  if (registry === 'docker.io')
    return renamed(reference, `library/${lastPart(repository)}`)
  return parts.length === 1 ? renamed(reference, `library/${repository}`) : null
}

function renamed(reference: ImageReference, repository: string): ImageReference {
  const name = nameOf({ registry: reference.registry, repository })
  const { digest, effectiveTag } = reference
  return {
    ...reference,
    repository,
    pullReference: digest === null ? `${name}:${effectiveTag}` : `${name}@${digest}`,
  }
}
