import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'

/**
 * What a tag holds. `image` is one manifest; `index` one manifest for each platform, and with `attestation` the
 * `unknown/unknown` entries that BuildKit adds. Platforms are written `os/architecture[/variant]`.
 */
export type DemoImage =
  | { kind: 'image'; platform: string }
  | { kind: 'index'; platforms: string[]; attestation?: boolean }

/** Repository name -> its tags. `public` lets everyone pull where the registry asks for tokens. */
export interface DemoRepository {
  public?: boolean
  tags: Record<string, DemoImage>
}

export interface StoredManifest {
  mediaType: string
  bytes: Buffer
}

/** A repository as it is served: digests are `sha256:<hex>`. */
export interface StoredRepository {
  public: boolean
  tags: Map<string, string>
  manifests: Map<string, StoredManifest>
  blobs: Map<string, Buffer>
}

interface Descriptor {
  mediaType: string
  digest: string
  size: number
  platform?: Record<string, string>
  annotations?: Record<string, string>
}

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
const IN_TOTO = 'application/vnd.in-toto+json'

/** Two zero blocks: a tar archive that holds nothing. */
const EMPTY_TAR = Buffer.alloc(1024)
const EMPTY_LAYER = gzipSync(EMPTY_TAR)

/** Makes valid OCI manifests, configs and layers for every tag. The same input always gives the same digests. */
export function storeRepositories(
  repositories: Record<string, DemoRepository>,
): Map<string, StoredRepository> {
  return new Map(
    Object.entries(repositories).map(([name, repository]) => [
      name,
      storeRepository(name, repository),
    ]),
  )
}

function storeRepository(name: string, repository: DemoRepository): StoredRepository {
  const stored: StoredRepository = {
    public: repository.public ?? false,
    tags: new Map(),
    manifests: new Map(),
    blobs: new Map(),
  }
  for (const [tag, image] of Object.entries(repository.tags)) {
    const title = `${name}:${tag}`
    const { digest } =
      image.kind === 'image'
        ? storeImage(stored, title, image.platform)
        : storeIndex(stored, title, image.platforms, image.attestation ?? false)
    stored.tags.set(tag, digest)
  }
  return stored
}

function storeIndex(
  stored: StoredRepository,
  title: string,
  platforms: string[],
  attestation: boolean,
): Descriptor {
  const manifests = platforms.flatMap((platform) => {
    const image = storeImage(stored, title, platform)
    const entry = { ...image, platform: platformObject(platform) }
    return attestation ? [entry, storeAttestation(stored, title, image.digest)] : [entry]
  })
  return storeManifest(stored, OCI_INDEX, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests,
  })
}

function storeImage(
  stored: StoredRepository,
  title: string,
  platform: string,
): Descriptor {
  const config = {
    ...platformObject(platform),
    // Makes the digest of every tag its own.
    config: { Cmd: ['/bin/true'], Labels: { 'org.opencontainers.image.title': title } },
    rootfs: { type: 'layers', diff_ids: [sha256(EMPTY_TAR)] },
  }
  return storeManifest(stored, OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: storeBlob(stored, OCI_CONFIG, jsonBytes(config)),
    layers: [storeBlob(stored, OCI_LAYER, EMPTY_LAYER)],
  })
}

/** As BuildKit attaches provenance: https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
function storeAttestation(
  stored: StoredRepository,
  title: string,
  subject: string,
): Descriptor {
  const statement = { _type: 'https://in-toto.io/Statement/v0.1', subject: [], title }
  const platform = platformObject('unknown/unknown')
  const config = { ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [] } }
  const manifest = storeManifest(stored, OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: storeBlob(stored, OCI_CONFIG, jsonBytes(config)),
    layers: [storeBlob(stored, IN_TOTO, jsonBytes({ ...statement, of: subject }))],
  })
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': subject,
  }
  return { ...manifest, platform, annotations }
}

function storeManifest(
  stored: StoredRepository,
  mediaType: string,
  content: object,
): Descriptor {
  const bytes = jsonBytes(content)
  const digest = sha256(bytes)
  stored.manifests.set(digest, { mediaType, bytes })
  return { mediaType, digest, size: bytes.length }
}

function storeBlob(
  stored: StoredRepository,
  mediaType: string,
  bytes: Buffer,
): Descriptor {
  const digest = sha256(bytes)
  stored.blobs.set(digest, bytes)
  return { mediaType, digest, size: bytes.length }
}

function platformObject(platform: string): Record<string, string> {
  const [os = '', architecture = '', variant] = platform.split('/')
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(os === 'windows' ? { 'os.version': '10.0.20348.2113' } : {}),
  }
}

function jsonBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
