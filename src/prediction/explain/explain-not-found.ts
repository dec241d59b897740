import { nameOf } from '../../reference/reference-name.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import type { Finding } from '../finding.ts'

export interface NotFoundContext {
  reference: ImageReference
  /** The registry said that the repository is unknown, or has no list of tags for it. */
  repositoryMissing: boolean
  /** Nearest tags that do exist, best first. */
  suggestions: string[]
  /** Repositories near in name that are known to exist, such as those of other images of the object. */
  neighbours: string[]
  /** Words about what is known of this publisher or spelling (frozen registries, removed tags, `localhost:5000`). */
  hint: string | null
}

/** Rows 12 to 15 of the failure catalogue: a 404 after which no host has the image. */
export function explainNotFound(context: NotFoundContext): Finding {
  const { reference, repositoryMissing, hint } = context
  const cause = repositoryMissing ? 'RepositoryNotFound' : 'ImageNotFound'
  const parts = [whatIsMissing(context), nearest(context), hint]
  const message = parts.filter((part) => part !== null).join(' ')
  return {
    cause,
    certainty: 'certain',
    message,
    advice: advise(reference, context),
    doubts: [],
  }
}

function whatIsMissing({ reference, repositoryMissing }: NotFoundContext): string {
  const { registry, repository, tag, digest, effectiveTag } = reference
  const name = nameOf(reference)
  if (repositoryMissing) return `${registry} has no repository "${repository}".`
  if (digest !== null) {
    return `${name} has no manifest ${digest}; it may have been garbage-collected, or belong to another repository.`
  }
  if (tag === null)
    return `No tag was given, which means "latest", and ${name} has no tag "latest".`
  return `${name} has no tag "${effectiveTag}".`
}

function nearest({
  suggestions,
  neighbours,
  repositoryMissing,
}: NotFoundContext): string | null {
  const found = repositoryMissing ? neighbours : suggestions
  if (found.length === 0) return null
  const what = repositoryMissing ? 'Nearest repositories' : 'Nearest tags'
  return `${what}: ${found.join(', ')}`
}

function advise(reference: ImageReference, context: NotFoundContext): string {
  if (context.repositoryMissing) {
    return 'Check the spelling of registry and repository, or push the image first.'
  }
  if (reference.digest !== null) {
    return 'Take a digest that this repository has, or push the image again.'
  }
  if (reference.tag === null) return 'Name a tag that exists.'
  return 'Correct the tag, or push the image first.'
}
