import type { ImageReference } from './image-reference.ts'

/**
 * Registry and repository as the kubelet's keyring and people see them: `docker.io/library/nginx`. Where the grammar leaves the
 * registry empty (`a_b.example.com/app`) the repository holds it all.
 */
export function nameOf({
  registry,
  repository,
}: Pick<ImageReference, 'registry' | 'repository'>): string {
  return registry === '' ? repository : `${registry}/${repository}`
}
