import { createBoundedCache } from '../cache/bounded-cache.ts'
import { contactedReference } from './contacted-reference.ts'
import { diagnoseValidReference } from './diagnose-valid-reference.ts'
import type { ReferenceRemark } from './diagnose-valid-reference.ts'
import type { ImageReference } from './image-reference.ts'
import { parseReference } from './parse-reference.ts'
import { nameOf } from './reference-name.ts'

/** A valid image name, taken apart. */
export interface NamedReference {
  /** As the container runtime contacts it. */
  reference: ImageReference
  remarks: readonly ReferenceRemark[]
  /** Registry and repository without tag or digest, which keys of pull secrets are matched with. */
  repository: string
}

const MAX_NAMES = 5_000
const MAX_BYTES = 4 * 1024 * 1024
/** Of the parts, beside the name that they repeat. */
const PARTS_BYTES = 300

/**
 * Takes image names apart, and remembers those that are valid: a cluster names the same ones again and again. Throws
 * InvalidImageName and nothing else.
 */
export function createNamedReferences(): (image: string) => NamedReference {
  const known = createBoundedCache<NamedReference>({
    maxEntries: MAX_NAMES,
    maxBytes: MAX_BYTES,
    sizeOf: ({ reference }) => reference.pullReference.length * 7 + PARTS_BYTES,
  })
  return (image) => {
    const seen = known.get(image)
    if (seen !== undefined) return seen
    const reference = contactedReference(parseReference(image))
    const remarks = diagnoseValidReference(reference, image)
    const named = { reference, remarks, repository: nameOf(reference) }
    known.set(image, named)
    return named
  }
}
