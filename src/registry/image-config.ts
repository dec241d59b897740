import { createBoundedCache, jsonBytes } from '../cache/bounded-cache.ts'
import { printable } from '../text/printable.ts'
import type { ClientContext } from './client-context.ts'
import { digestOf } from './digest.ts'
import type { ImagePlatform, ImagePlatformReader } from './image-platform.ts'
import { parseConfigDescriptor } from './manifest-document.ts'
import { MANIFEST_ACCEPT, MAX_MANIFEST_BYTES } from './media-types.ts'
import { openSessions } from './open-sessions.ts'
import type { ApiRequest } from './registry-request.ts'
import type { Session } from './session.ts'
import { parseUntrustedObject, textField } from './untrusted-json.ts'

const MAX_CONFIGS = 10_000
const MAX_KNOWN_BYTES = 4_194_304
// Configs with long histories reach some 100 KiB.
const MAX_CONFIG_BYTES = 4_194_304

/** Reads the platform of single images. What a digest names never changes, so answers are kept by digest. */
export function createImagePlatformReader(context: ClientContext): ImagePlatformReader {
  const known = createBoundedCache<ImagePlatform>({
    maxEntries: MAX_CONFIGS,
    maxBytes: MAX_KNOWN_BYTES,
    sizeOf: jsonBytes,
  })

  async function imagePlatform(
    request: Parameters<ImagePlatformReader['imagePlatform']>[0],
    digest: string,
  ): Promise<ImagePlatform | null> {
    const cached = known.get(digest)
    if (cached !== undefined) return cached
    if (context.settings(request.reference.registry).countsManifestGets) return null
    const { sessions } = await openSessions(context, request, 'pull')
    for (const session of sessions) {
      const platform = await readPlatform(context, session, digest)
      if (platform === null) continue
      known.set(digest, platform)
      return platform
    }
    return null
  }

  return { imagePlatform }
}

async function readPlatform(
  context: ClientContext,
  session: Session,
  digest: string,
): Promise<ImagePlatform | null> {
  const manifest = await fetchContent(context, session, digest, {
    purpose: 'manifest',
    path: `manifests/${digest}`,
    accept: MANIFEST_ACCEPT,
    maxBodyBytes: MAX_MANIFEST_BYTES,
  })
  const descriptor = manifest === null ? null : parseConfigDescriptor(manifest)
  if (descriptor === null) return null
  const config = await fetchContent(context, session, descriptor.digest, {
    purpose: 'config',
    path: `blobs/${descriptor.digest}`,
    accept: '*/*',
    maxBodyBytes: MAX_CONFIG_BYTES,
  })
  return config === null ? null : parseConfig(config, descriptor.mediaType)
}

async function fetchContent(
  context: ClientContext,
  session: Session,
  digest: string,
  request: Omit<ApiRequest, 'method' | 'query'>,
): Promise<Buffer | null> {
  const answer = await context.requests.ask(session, {
    ...request,
    method: 'GET',
    query: {},
  })
  if (answer.kind === 'verdict') return null
  const { status, truncated, body } = answer.response
  if (status !== 200 || truncated) return null
  return digestOf(body, digest) === digest ? body : null
}

function parseConfig(body: Buffer, configMediaType: string): ImagePlatform | null {
  const config = parseUntrustedObject(body)
  if (config === null) return null
  const text = (name: string): string | null =>
    printable(textField(config, name) ?? '', 64) || null
  return {
    os: text('os'),
    architecture: text('architecture'),
    variant: text('variant'),
    osVersion: text('os.version'),
    configMediaType,
  }
}
