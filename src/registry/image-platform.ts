import type { LookupRequest } from './lookup.ts'

/** What the config blob of a single image says. Fields that it leaves out are null. */
export interface ImagePlatform {
  os: string | null
  architecture: string | null
  variant: string | null
  osVersion: string | null
  /** Media type of the config: one that is no image's tells of an artifact (Helm chart, signature, SBOM). */
  configMediaType: string
}

/** Reads image configs, which costs a GET of the manifest and one of the blob. */
export interface ImagePlatformReader {
  /**
   * The platform of the image manifest `digest` in the request's repository; null when it could not be had, or only by a GET
   * that is counted. Never rejects.
   */
  imagePlatform(request: LookupRequest, digest: string): Promise<ImagePlatform | null>
}
