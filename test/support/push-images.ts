import { createHash } from 'node:crypto'
import { Agent, request } from 'undici'
import { storeRepositories } from '../../src/demo/registry-images.ts'
import type { DemoImage, StoredManifest } from '../../src/demo/registry-images.ts'

/** A small valid image for one platform. */
export const amd64Image: DemoImage = { kind: 'image', platform: 'linux/amd64' }

export interface PusherOptions {
  url: string
  /** PEM of the authority to trust; null for the system's. */
  ca: string | null
  /** The Authorization header that may write to a repository; null where none is wanted. */
  authorization: (repository: string) => string | null
}

/** Writes to a registry over the distribution API: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push */
export interface Pusher {
  /** Pushes a generated image (linux/amd64 unless said otherwise) or index under a tag; resolves to its digest. */
  push(repository: string, tag: string, image?: DemoImage): Promise<string>
  pushBlob(repository: string, bytes: Buffer): Promise<string>
  /** Any manifest at all; what it refers to must be there already. */
  pushManifest(
    repository: string,
    reference: string,
    manifest: StoredManifest,
  ): Promise<string>
  /** By digest, which deletes its tags too. */
  deleteManifest(repository: string, digest: string): Promise<void>
  deleteBlob(repository: string, digest: string): Promise<void>
  close(): Promise<void>
}

export function createPusher(options: PusherOptions): Pusher {
  const { url, ca, authorization } = options
  const agent = new Agent({ allowH2: false, ...(ca === null ? {} : { connect: { ca } }) })

  async function send(repository: string, write: Write): Promise<Answer> {
    const allowed = authorization(repository)
    const target = new URL(write.path, url)
    const { statusCode, headers, body } = await request(target, {
      dispatcher: agent,
      method: write.method,
      body: write.body ?? null,
      headers: {
        ...(allowed === null ? {} : { authorization: allowed }),
        ...(write.contentType === undefined ? {} : { 'content-type': write.contentType }),
      },
    })
    const answer = await body.text()
    if (statusCode >= 300) {
      throw new Error(`${write.method} ${target.href}: ${statusCode} ${answer}`)
    }
    return { location: typeof headers.location === 'string' ? headers.location : '' }
  }

  async function pushBlob(repository: string, bytes: Buffer): Promise<string> {
    const digest = sha256(bytes)
    const path = `/v2/${repository}/blobs/uploads/`
    const { location } = await send(repository, { method: 'POST', path })
    const upload = new URL(location, url)
    upload.searchParams.set('digest', digest)
    await send(repository, {
      method: 'PUT',
      path: upload.pathname + upload.search,
      contentType: 'application/octet-stream',
      body: bytes,
    })
    return digest
  }

  async function pushManifest(
    repository: string,
    reference: string,
    { mediaType, bytes }: StoredManifest,
  ): Promise<string> {
    const path = `/v2/${repository}/manifests/${reference}`
    await send(repository, { method: 'PUT', path, contentType: mediaType, body: bytes })
    return sha256(bytes)
  }

  return {
    pushBlob,
    pushManifest,
    async push(repository, tag, image = amd64Image) {
      const made = storeRepositories({ [repository]: { tags: { [tag]: image } } })
      const stored = made.get(repository)
      const root = stored?.tags.get(tag)
      if (!stored || root === undefined) throw new Error(`nothing made for ${tag}`)
      for (const bytes of stored.blobs.values()) await pushBlob(repository, bytes)
      // Children come first in the map: an index may only name what is there.
      for (const [digest, manifest] of stored.manifests) {
        await pushManifest(repository, digest === root ? tag : digest, manifest)
      }
      return root
    },
    async deleteManifest(repository, digest) {
      const path = `/v2/${repository}/manifests/${digest}`
      await send(repository, { method: 'DELETE', path })
    },
    async deleteBlob(repository, digest) {
      const path = `/v2/${repository}/blobs/${digest}`
      await send(repository, { method: 'DELETE', path })
    },
    close: () => agent.close(),
  }
}

interface Write {
  method: 'POST' | 'PUT' | 'DELETE'
  path: string
  contentType?: string
  body?: Buffer
}

interface Answer {
  location: string
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
