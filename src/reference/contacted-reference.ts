import type { ImageReference } from './image-reference.ts'
import { parseOrNull } from './parse-reference.ts'

/**
 * The reference as the container runtime contacts it. The grammar leaves the registry of `a_b.example.com/app` empty, since a host
 * has no underscore there; containerd splits the name at its first slash and asks `a_b.example.com` (pull-semantics 1.2; containerd,
 * pkg/reference: `dummy://` and the name read as a URL). Every other reference stays as it is.
 */
export function contactedReference(reference: ImageReference): ImageReference {
  const { registry, repository } = reference
  const slash = repository.indexOf('/')
  if (registry !== '' || slash === -1) return reference
  return {
    ...reference,
    registry: repository.slice(0, slash),
    repository: repository.slice(slash + 1),
  }
}

/** The contacted reference of a name as written; null for a name that is not valid. */
export function contactedOrNull(image: string): ImageReference | null {
  const reference = parseOrNull(image)
  return reference === null ? null : contactedReference(reference)
}
