import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface DelayedRegistry {
  url: string
  /** Requests so far. */
  count(): number
  close(): void
}

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const MISSING = JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN' }] })
const INDEX = 'application/vnd.oci.image.index.v1+json'

/**
 * Has every image that is asked for, and answers each request after so many milliseconds: tags that begin with `index` are
 * indexes, all others images. Tags that begin with `missing` are not there. With `token` it wants one first.
 */
export async function startDelayedRegistry(
  delayMs: number,
  { token = false }: { token?: boolean } = {},
): Promise<DelayedRegistry> {
  let requests = 0
  let url = ''
  const indexes = new Map<string, string>()

  function manifest(
    { repository, reference }: { repository: string; reference: string },
    response: ServerResponse,
  ): void {
    const known = indexes.get(reference)
    const isIndex = reference.startsWith('index')
    const index = known ?? (isIndex ? indexOf(`${repository}:${reference}`) : null)
    if (index !== null) indexes.set(digestOf(index), index)
    response.writeHead(200, {
      'content-type': index === null ? IMAGE : INDEX,
      'docker-content-digest': digestOf(index ?? reference),
      'content-length': index === null ? 500 : Buffer.byteLength(index),
    })
    response.end(index === null ? undefined : index)
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    requests++
    if (delayMs > 0) await sleep(delayMs)
    const path = request.url ?? ''
    if (path.startsWith('/token')) {
      response.end(JSON.stringify({ token: 'opens', expires_in: 300 }))
      return
    }
    const [, repository = '', reference = ''] =
      /^\/v2\/(.+)\/manifests\/([^?]+)/.exec(path) ?? []
    if (token && request.headers.authorization === undefined) {
      response.writeHead(401, {
        'www-authenticate': `Bearer realm="${url}/token",service="bench",scope="repository:${repository}:pull"`,
      })
      response.end()
    } else if (reference.startsWith('missing') || path.includes('/tags/list')) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(MISSING)
    } else manifest({ repository, reference }, response)
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    count: () => requests,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A small index of its own for each name. */
function indexOf(name: string): string {
  const manifests = ['amd64', 'arm64'].map((architecture) => ({
    mediaType: IMAGE,
    digest: digestOf(`${name} ${architecture}`),
    size: 500,
    platform: { os: 'linux', architecture },
  }))
  return JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests })
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
