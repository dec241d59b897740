import type { ImageReference } from '../reference/image-reference.ts'
import { firstMatchingGlob } from '../text/glob.ts'
import type { ImageUse } from '../workload/workload.ts'

export interface ExemptImage {
  use: ImageUse
  /** The pattern of exempt.images that matched. */
  pattern: string
}

export interface SortedImages {
  /** What is to be predicted. */
  judged: ImageUse[]
  /** What is allowed without a look-up. */
  exempt: ExemptImage[]
}

/**
 * Sets aside the images that exempt.images names, before any look-up is paid for. A pattern matches the image as written or
 * one of its normalised forms. `parse` answers null for a name that does not parse; only its spelling can match then.
 */
export function withoutExemptImages(
  images: readonly ImageUse[],
  patterns: readonly string[],
  parse: (image: string) => ImageReference | null,
): SortedImages {
  const sorted: SortedImages = { judged: [], exempt: [] }
  for (const use of images) {
    const pattern =
      patterns.length === 0
        ? null
        : firstMatchingGlob(patterns, use.image, ...normalisedForms(parse(use.image)))
    if (pattern === null) sorted.judged.push(use)
    else sorted.exempt.push({ use, pattern })
  }
  return sorted
}

/** `docker.io/library/nginx:1.27` for `nginx:1.27`; with a tag beside a digest also the form that the runtime is asked for, without the tag. */
function normalisedForms(reference: ImageReference | null): string[] {
  if (reference === null) return []
  const { registry, repository, effectiveTag, digest, pullReference } = reference
  const name = registry === '' ? repository : `${registry}/${repository}`
  const tag = effectiveTag === null ? '' : `:${effectiveTag}`
  return [`${name}${tag}${digest === null ? '' : `@${digest}`}`, pullReference]
}
