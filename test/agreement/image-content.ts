import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/registry/media-types.ts'

/** What a tag holds. Platforms are `os/architecture[/variant]`; null leaves them out of the config or the descriptor. */
export type ImageSpec =
  | {
      kind: 'image'
      /** What the config says; default linux/amd64. */
      platform?: string | null
      format?: 'oci' | 'docker'
      /** Media type of config and layer of something that is no container image. */
      artifact?: { config: string; layer: string }
      /** Blobs that the registry no longer has. */
      lost?: readonly ('config' | 'layer')[]
      /** Bytes of padding in an annotation. */
      padding?: number
    }
  | {
      kind: 'index'
      format?: 'oci' | 'docker'
      entries: readonly IndexEntry[]
    }

export interface IndexEntry {
  /** What the descriptor says. */
  platform: string | null
  /** Default: an image for that platform. */
  image?: ImageSpec
  /** The registry no longer has the manifest. */
  lost?: boolean
}

export interface Content {
  /** The manifest of the tag. */
  root: string
  manifests: Map<string, { mediaType: string; bytes: Buffer }>
  blobs: Map<string, Buffer>
}

interface Descriptor {
  mediaType: string
  digest: string
  size: number
}

const MEDIA_TYPES = {
  oci: {
    manifest: OCI_MANIFEST,
    index: OCI_INDEX,
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    manifest: DOCKER_MANIFEST,
    index: DOCKER_LIST,
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const

/** Real manifests, configs and layers, so that a pull completes. `title` makes every digest the scenario's own: nothing is cached. */
export function makeContent(spec: ImageSpec, title: string): Content {
  const content: Content = { root: '', manifests: new Map(), blobs: new Map() }
  content.root = store(content, spec, title).digest
  return content
}

function store(content: Content, spec: ImageSpec, title: string): Descriptor {
  return spec.kind === 'image'
    ? storeImage(content, spec, title)
    : storeIndex(content, spec, title)
}

function storeImage(
  content: Content,
  spec: Extract<ImageSpec, { kind: 'image' }>,
  title: string,
): Descriptor {
  const types = MEDIA_TYPES[spec.format ?? 'oci']
  const lost = spec.lost ?? []
  const tar = tarOf('title', title)
  const config = {
    ...platformObject(spec.platform === undefined ? 'linux/amd64' : spec.platform),
    config: { Cmd: ['/title'], Labels: { title } },
    rootfs: { type: 'layers', diff_ids: [sha256(tar)] },
  }
  const blob = (mediaType: string, bytes: Buffer, isLost: boolean): Descriptor => {
    const digest = sha256(bytes)
    if (!isLost) content.blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  return storeManifest(content, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: blob(
      spec.artifact?.config ?? types.config,
      jsonBytes(config),
      lost.includes('config'),
    ),
    layers: [
      blob(spec.artifact?.layer ?? types.layer, gzipSync(tar), lost.includes('layer')),
    ],
    ...(spec.padding ? { annotations: { padding: 'x'.repeat(spec.padding) } } : {}),
  })
}

function storeIndex(
  content: Content,
  spec: Extract<ImageSpec, { kind: 'index' }>,
  title: string,
): Descriptor {
  const manifests = spec.entries.map(({ platform, image, lost = false }, number) => {
    const child = store(
      content,
      image ?? { kind: 'image', platform, format: spec.format ?? 'oci' },
      `${title} ${number}`,
    )
    if (lost) content.manifests.delete(child.digest)
    return platform === null ? child : { ...child, platform: platformObject(platform) }
  })
  const mediaType = MEDIA_TYPES[spec.format ?? 'oci'].index
  const annotations = { title }
  return storeManifest(content, { schemaVersion: 2, mediaType, manifests, annotations })
}

function storeManifest(
  content: Content,
  manifest: { mediaType: string } & Record<string, unknown>,
): Descriptor {
  const bytes = jsonBytes(manifest)
  const digest = sha256(bytes)
  content.manifests.set(digest, { mediaType: manifest.mediaType, bytes })
  return { mediaType: manifest.mediaType, digest, size: bytes.length }
}

function platformObject(platform: string | null): Record<string, string> {
  if (platform === null) return {}
  const [os = '', architecture = '', variant] = platform.split('/')
  return { architecture, os, ...(variant === undefined ? {} : { variant }) }
}

/** A ustar archive with one file. */
function tarOf(name: string, text: string): Buffer {
  const header = Buffer.alloc(512)
  const bytes = Buffer.from(text)
  header.write(name, 0)
  header.write(octal(0o755, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(bytes.length, 12), 124)
  header.write(octal(0, 12), 136)
  header.write('        0', 148)
  header.write('ustar', 257)
  header.write('00', 263)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512)
  return Buffer.concat([header, bytes, padding, Buffer.alloc(1024)])
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

function jsonBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

export function sha256(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
