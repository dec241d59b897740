import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'
import type { Teardown } from '../support/token-server.ts'
import type { Content } from './image-content.ts'

/** One request, as the steps of a script see it. */
export interface Ask {
  method: string
  /** Which part of the distribution API is asked. */
  target: 'ping' | 'manifest' | 'blob' | 'tags' | 'token' | 'other'
  /** Empty where the target has none. */
  repository: string
  /** Tag or digest. */
  name: string
  url: URL
  headers: IncomingMessage['headers']
  body: string
  /** The how manieth request of this program (its User-Agent) for this target and method, from 1. */
  nth: number
  /** Where the scenario's hosts are reached, by name: `http://127.0.0.1:PORT`. */
  hosts: Readonly<Record<string, string>>
}

export interface Reply {
  status: number
  /** null takes away one that content would have had. */
  headers?: Readonly<Record<string, string | readonly string[] | null>>
  body?: string | Buffer
}

/** What one step makes of a request: an answer, a broken connection, silence, or null to leave it to the next step. */
export type Step = (ask: Ask) => Reply | 'close' | 'hang' | null

export interface HostScript {
  steps: readonly Step[]
  /** Served when no step answers; without it everything is 404. */
  content: Content | null
  /** Tag of the content. */
  tag: string
  tls: SelfSigned | null
}

/** Who serves a request: the script of a host, and where the hosts of its scenario are. */
export interface Route {
  script: HostScript
  hosts: Readonly<Record<string, string>>
}

/** Opens a server on a free loopback port. `route` finds the script for a request; null is 404. */
export async function serveScripts(
  t: Teardown,
  tls: SelfSigned | null,
  route: (path: string) => Route | null,
): Promise<string> {
  const counts = new Map<string, number>()
  const listener: RequestListener = (request, response) => {
    void answer(request, response)
  }
  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://registry')
    const found = route(url.pathname)
    if (found === null) return send(request, response, { status: 404 })
    const ask = await readAsk(request, url, found)
    const key = `${request.headers['user-agent']} ${ask.method} ${ask.target} ${url.pathname}`
    const nth = (counts.get(key) ?? 0) + 1
    counts.set(key, nth)
    const reply = runScript({ ...ask, nth }, found.script)
    if (reply === 'hang') return
    if (reply === 'close') return void request.socket.destroy()
    send(request, response, reply)
  }
  const server = tls
    ? createHttpsServer({ cert: tls.cert, key: tls.key }, listener)
    : createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
}

async function readAsk(
  request: IncomingMessage,
  url: URL,
  { hosts }: Route,
): Promise<Omit<Ask, 'nth'>> {
  const body = await text(request)
  const { method = 'GET', headers } = request
  const common = { method, url, headers, body, hosts }
  const [, repository = '', kind, name = ''] =
    /\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(url.pathname) ?? []
  const targets = { manifests: 'manifest', blobs: 'blob', tags: 'tags' } as const
  if (kind === 'manifests' || kind === 'blobs' || kind === 'tags')
    return { ...common, target: targets[kind], repository, name }
  const target = url.pathname.endsWith('/token')
    ? 'token'
    : url.pathname === '/v2/'
      ? 'ping'
      : 'other'
  return { ...common, target, repository: '', name: '' }
}

function runScript(ask: Ask, script: HostScript): Reply | 'close' | 'hang' {
  for (const step of script.steps) {
    const reply = step(ask)
    if (reply === null) continue
    if (reply === 'close' || reply === 'hang' || reply.status !== SERVE) return reply
    const served = serveContent(ask, script)
    return {
      ...served,
      ...(reply.body === undefined ? {} : { body: reply.body }),
      headers: { ...served.headers, ...reply.headers },
    }
  }
  return serveContent(ask, script)
}

/** A step that answers with this status serves the content, with other headers or another body. */
export const SERVE = 0

function serveContent({ target, name }: Ask, { content, tag }: HostScript): Reply {
  if (target === 'ping') return { status: 200, body: '{}' }
  if (content === null) return distributionError(404, 'NAME_UNKNOWN')
  if (target === 'tags') return { status: 200, body: JSON.stringify({ tags: [tag] }) }
  if (target === 'manifest') {
    const digest = name === tag ? content.root : name
    const manifest = content.manifests.get(digest)
    if (manifest === undefined) return distributionError(404, 'MANIFEST_UNKNOWN')
    const headers = {
      'content-type': manifest.mediaType,
      'docker-content-digest': digest,
      'content-length': String(manifest.bytes.length),
    }
    return { status: 200, headers, body: manifest.bytes }
  }
  const blob = target === 'blob' ? content.blobs.get(name) : undefined
  if (blob === undefined) return distributionError(404, 'BLOB_UNKNOWN')
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': name,
    'content-length': String(blob.length),
  }
  return { status: 200, headers, body: blob }
}

/** As the distribution specification writes errors. */
export function distributionError(status: number, code: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ errors: [{ code, message: 'as the script says' }] }),
  }
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    if (value !== null) response.setHeader(name, value)
  }
  response.statusCode = reply.status
  const isHead = request.method === 'HEAD'
  response.end(isHead || reply.body === undefined ? undefined : reply.body)
}
