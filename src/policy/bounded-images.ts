import { explainNotAllowed } from '../prediction/explain/explain-not-allowed.ts'
import type { PredictionSettings } from '../prediction/prediction-settings.ts'
import { contactedReference } from '../reference/contacted-reference.ts'
import { parseOrNull } from '../reference/parse-reference.ts'
import type { ImageUse } from '../workload/workload.ts'

/** More than any real object has, and few enough that judging them holds up no other review. */
const MAX_JUDGED = 256

export interface BoundedImages {
  judged: ImageUse[]
  /** What to say of those that are left out; null when none is. */
  note: string | null
}

/**
 * Whoever may create a Pod may write a hundred thousand images into it, each at a host of its own. The first 256 are judged,
 * and besides them those of registries that are not allowed, so that nobody hides one behind the others.
 */
export function boundedImages(
  images: readonly ImageUse[],
  lists: Pick<PredictionSettings, 'allowedRegistries' | 'deniedRegistries'>,
): BoundedImages {
  const further = images.slice(MAX_JUDGED)
  const forbidden: ImageUse[] = []
  for (const use of further) {
    if (forbidden.length === MAX_JUDGED) break
    if (isForbidden(use, lists)) forbidden.push(use)
  }
  const left = further.length - forbidden.length
  return {
    judged: [...images.slice(0, MAX_JUDGED), ...forbidden],
    note:
      left === 0
        ? null
        : `Of the ${images.length} images of this object ${left} were not judged: it has too many.`,
  }
}

function isForbidden(
  { image }: ImageUse,
  lists: Pick<PredictionSettings, 'allowedRegistries' | 'deniedRegistries'>,
): boolean {
  const reference = parseOrNull(image)
  if (reference === null) return false
  return explainNotAllowed(contactedReference(reference).registry, lists) !== null
}
