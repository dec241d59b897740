import { LRUCache } from 'lru-cache'
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
/** Of the parts and the entry, beside the name that they repeat. */
const ENTRY_BYTES = 500

/**
 * Takes image names apart, and remembers those that are valid: a cluster names the same ones again and again. Throws
 * InvalidImageName and nothing else.
 */
export function createNamedReferences(): (image: string) => NamedReference {
  const known = new LRUCache<string, NamedReference>({
    max: MAX_NAMES,
    maxSize: MAX_BYTES,
    sizeCalculation: (_, image) => image.length * 8 + ENTRY_BYTES,
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
