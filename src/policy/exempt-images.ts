import { nameOf } from '../reference/reference-name.ts'
import { parseReference } from '../reference/parse-reference.ts'
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
 * one of its normalised forms; of a name that does not parse, only its spelling can match.
 */
export function withoutExemptImages(
  images: readonly ImageUse[],
  patterns: readonly string[],
): SortedImages {
  const sorted: SortedImages = { judged: [], exempt: [] }
  for (const use of images) {
    const pattern =
      patterns.length === 0
        ? null
        : firstMatchingGlob(patterns, use.image, ...normalisedForms(use.image))
    if (pattern === null) sorted.judged.push(use)
    else sorted.exempt.push({ use, pattern })
  }
  return sorted
}

/** `docker.io/library/nginx:1.27` for `nginx:1.27`; with a tag beside a digest also the form that the runtime is asked for, without the tag. */
function normalisedForms(image: string): string[] {
  try {
    const reference = parseReference(image)
    const { effectiveTag, digest, pullReference } = reference
    const name = nameOf(reference)
    const tag = effectiveTag === null ? '' : `:${effectiveTag}`
    return [`${name}${tag}${digest === null ? '' : `@${digest}`}`, pullReference]
  } catch {
    // InvalidImageName, which the prediction explains.
    return []
  }
}
