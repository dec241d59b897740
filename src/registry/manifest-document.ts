import type { ManifestKind, PlatformEntry } from './lookup.ts'
import { isImageType, isIndexType } from './media-types.ts'
import {
  fieldsField,
  field,
  listField,
  parseUntrustedObject,
  textField,
} from './untrusted-json.ts'
import { isFields, type Fields } from '../json/fields.ts'
import { isDigest } from './digest.ts'
import { printable } from '../text/printable.ts'

/** What an index lists: runnable images, and further indexes to walk. */
export interface IndexDocument {
  entries: PlatformEntry[]
  nested: PlatformEntry[]
}

/** Whether a body is what its media type says, by containerd's own test: an index has no config or layers, an image no manifests. */
export function checkDocument(body: Buffer, kind: ManifestKind): boolean {
  const document = parseUntrustedObject(body)
  return document !== null && isOfKind(document, kind)
}

/**
 * Reads an index or manifest list; null when it is none. Entries for `unknown` platforms (attestations) are left out, as no
 * runtime selects them; so are entries without a valid digest.
 */
export function parseIndex(body: Buffer): IndexDocument | null {
  const document = parseUntrustedObject(body)
  if (document === null || !isOfKind(document, 'index')) return null
  const read = listField(document, 'manifests')
    .map(parseEntry)
    .filter((entry) => entry !== null)
  return {
    entries: read.filter(({ mediaType }) => !isIndexType(mediaType)),
    nested: read.filter(({ mediaType }) => isIndexType(mediaType)),
  }
}

/** The config descriptor of an image manifest; null when it has none. */
export function parseConfigDescriptor(
  body: Buffer,
): { digest: string; mediaType: string } | null {
  const document = parseUntrustedObject(body)
  const config = document === null ? null : fieldsField(document, 'config')
  const digest = config === null ? null : textField(config, 'digest')
  if (config === null || digest === null || !isDigest(digest)) return null
  return { digest, mediaType: printable(textField(config, 'mediaType') ?? '', 200) }
}

function isOfKind(document: Fields, kind: ManifestKind): boolean {
  const has = (name: string): boolean => {
    const value = field(document, name)
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null
  }
  const told = textField(document, 'mediaType') ?? ''
  if (has('fsLayers')) return false
  if (kind === 'image') return !has('manifests') && !isIndexType(told)
  return !has('config') && !has('layers') && !isImageType(told)
}

function parseEntry(value: unknown): PlatformEntry | null {
  const descriptor = isFields(value) ? value : null
  const digest = descriptor === null ? null : textField(descriptor, 'digest')
  if (descriptor === null || digest === null || !isDigest(digest)) return null
  const platform = fieldsField(descriptor, 'platform')
  const text = (name: string): string | null =>
    platform === null ? null : printable(textField(platform, name) ?? '', 64)
  const entry: PlatformEntry = {
    digest,
    mediaType: printable(textField(descriptor, 'mediaType') ?? '', 200),
    os: text('os'),
    architecture: text('architecture'),
    variant: text('variant') || null,
    osVersion: text('os.version') || null,
    osFeatures: platform === null ? [] : texts(listField(platform, 'os.features')),
  }
  return entry.os === 'unknown' || entry.architecture === 'unknown' ? null : entry
}

function texts(values: unknown[]): string[] {
  return values
    .slice(0, 32)
    .filter((value) => typeof value === 'string')
    .map((value) => printable(value, 64))
}
