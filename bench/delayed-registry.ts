import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface DelayedRegistry {
  url: string
  /** Requests so far. */
  count(): number
  close(): void
}

/** Has every image that is asked for, and answers each request after so many milliseconds; with `token` it wants one first. */
export async function startDelayedRegistry(
  delayMs: number,
  { token = false }: { token?: boolean } = {},
): Promise<DelayedRegistry> {
  let requests = 0
  let url = ''
  const server = createServer((request, response) => {
    requests++
    void sleep(delayMs).then(() => {
      const path = request.url ?? ''
      if (path.startsWith('/token'))
        return response.end(JSON.stringify({ token: 'opens', expires_in: 300 }))
      if (token && request.headers.authorization === undefined) {
        const repository = /^\/v2\/(.+)\/manifests\//.exec(path)?.[1] ?? ''
        response.writeHead(401, {
          'www-authenticate': `Bearer realm="${url}/token",service="bench",scope="repository:${repository}:pull"`,
        })
        return response.end()
      }
      response.writeHead(200, {
        'content-type': 'application/vnd.oci.image.manifest.v1+json',
        'docker-content-digest': `sha256:${'a'.repeat(64)}`,
        'content-length': '500',
      })
      return response.end()
    })
  })
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
