import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHash } from 'node:crypto'
import type { Test } from 'tap'

export interface SeenRequest {
  /** `METHOD /path?query`. */
  line: string
  headers: IncomingMessage['headers']
  body: string
}

export type Script = (
  request: SeenRequest,
  response: ServerResponse,
  attempt: number,
) => void

export interface ScriptedRegistry {
  baseUrl: string
  host: string
  seen: SeenRequest[]
  /** The request lines only. */
  lines(): string[]
}

/** A registry on loopback that answers as the script says and remembers what it was asked. */
export async function scriptedRegistry(
  t: Test,
  script: Script,
): Promise<ScriptedRegistry> {
  const seen: SeenRequest[] = []
  const server = createServer((incoming, response) => {
    let body = ''
    incoming.setEncoding('utf8')
    incoming.on('data', (chunk: string) => (body += chunk))
    incoming.on('end', () => {
      const line = `${incoming.method} ${incoming.url}`
      const request = { line, headers: incoming.headers, body }
      seen.push(request)
      script(request, response, seen.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  return {
    baseUrl: `http://${host}`,
    host,
    seen,
    lines: () => seen.map(({ line }) => line),
  }
}

export function sha256(body: string): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`
}

export interface ManifestAnswer {
  body: string
  mediaType: string
  /** Overrides or, as null, removes a header. */
  headers?: Record<string, string | null>
}

/** Serves one manifest to HEAD and GET, with digest and length. */
export function serveManifest(
  request: SeenRequest,
  response: ServerResponse,
  { body, mediaType, headers = {} }: ManifestAnswer,
): void {
  const all: Record<string, string | null> = {
    'content-type': mediaType,
    'content-length': String(Buffer.byteLength(body)),
    'docker-content-digest': sha256(body),
    ...headers,
  }
  for (const [name, value] of Object.entries(all)) {
    if (value !== null) response.setHeader(name, value)
  }
  response.statusCode = 200
  response.end(request.line.startsWith('HEAD') ? undefined : body)
}

/** Answers a status with a distribution error body, and headers. */
export function refuse(
  response: ServerResponse,
  status: number,
  code = '',
  headers: Record<string, string | string[]> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(code === '' ? '' : JSON.stringify({ errors: [{ code, message: 'why' }] }))
}
