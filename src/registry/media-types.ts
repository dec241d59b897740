import type { ManifestFault } from './faults.ts'
import type { ManifestKind } from './lookup.ts'

export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const DOCKER_SCHEMA1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
const DOCKER_SCHEMA1_UNSIGNED = 'application/vnd.docker.distribution.manifest.v1+json'

/**
 * containerd's Accept list, to the letter (pull-semantics 4.2: "use this exact Accept list"): docker-registry answers 404
 * for an index to a mere star, and converts a manifest list when only schema 2 is accepted.
 */
export const MANIFEST_ACCEPT = `${DOCKER_MANIFEST}, ${DOCKER_LIST}, ${OCI_MANIFEST}, ${OCI_INDEX}, */*`

/** containerd's MaxManifestSize, 4*1048*1048: larger manifests are rejected as not found (pull-semantics 4.3). */
export const MAX_MANIFEST_BYTES = 4_393_216

/**
 * The media type of a resolve response, as containerd reads it: what follows the semicolon is cut, but not a blank before it, which
 * breaks the pull; and `text/plain` stands for schema 1 (registry.access.redhat.com sent it so). Empty when the header is missing.
 */
export function manifestMediaType(contentType: string | null): string {
  const type = (contentType ?? '').trim().split(';', 1)[0] ?? ''
  return type === 'text/plain' ? DOCKER_SCHEMA1 : type
}

/** What an image runtime makes of a media type (pull-semantics 4.6): a kind, or the reason why it is none. */
export function classifyMediaType(mediaType: string): ManifestKind | ManifestFault {
  switch (mediaType) {
    case DOCKER_MANIFEST:
    case OCI_MANIFEST:
      return 'image'
    case DOCKER_LIST:
    case OCI_INDEX:
      return 'index'
    case DOCKER_SCHEMA1:
    case DOCKER_SCHEMA1_UNSIGNED:
      return 'schema1'
    default:
      return /^(?:text\/html|application\/xhtml\+xml) *$/i.test(mediaType)
        ? 'web-page'
        : 'content-type'
  }
}

/** Whether a descriptor names an index (or a Docker manifest list). */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_LIST
}

/** Whether a descriptor names the manifest of one image. */
export function isImageType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST
}
