import type { ImageReference } from './image-reference.ts'
import { grammarError } from './parse-reference.ts'

/** A place that a publisher gave up. */
export interface MovedImage {
  /** A valid name of where the same image is now; null where nobody can tell. */
  suggestion: string | null
  /** What happened, a full sentence. */
  note: string
  /** Where the publisher says so. */
  link: string
}

/** Whether the publisher has frozen or emptied the place that a reference points to (failure catalogue row 78). */
export function findMovedImage(reference: ImageReference): MovedImage | null {
  const { registry, repository, tag, digest } = reference
  const suffix = digest === null ? (tag === null ? '' : `:${tag}`) : `@${digest}`
  if (registry === 'k8s.gcr.io') {
    return {
      suggestion: `registry.k8s.io/${repository}${suffix}`,
      note: 'k8s.gcr.io is frozen since April 2023; registry.k8s.io has the same images and the newer ones.',
      link: 'https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/',
    }
  }
  if (registry === 'docker.io' && isVersionedBitnami(reference)) {
    return {
      suggestion: validOrNull(
        `docker.io/bitnamilegacy/${repository.slice('bitnami/'.length)}${suffix}`,
      ),
      note: 'Bitnami moved its versioned tags from docker.io/bitnami to docker.io/bitnamilegacy in August 2025, where they get no updates.',
      link: 'https://github.com/bitnami/containers/issues/83267',
    }
  }
  return null
}

function isVersionedBitnami({ repository, tag, digest }: ImageReference): boolean {
  // minideb, the base image, stayed where it was.
  if (!repository.startsWith('bitnami/') || repository === 'bitnami/minideb') return false
  return digest !== null || (tag !== null && tag !== 'latest')
}

// The new place has a longer name, and a repository may not have more than 255 characters.
function validOrNull(name: string): string | null {
  return grammarError(name) === null ? name : null
}
