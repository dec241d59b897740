import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

import { answerQuestion, parseQuestion } from './registry-api.ts'
import { DEMO_CONTENT, DEMO_USERS } from './registry-content.ts'
import {
  basicGate,
  GUISES,
  limitedGate,
  openGate,
  tokenGate,
  type Gatekeeper,
  type Guise,
} from './registry-guises.ts'
import { storeRepositories, type DemoRepository } from './registry-images.ts'
import { errorReply, type RegistryReply } from './registry-reply.ts'
import { createTokenService, type TokenService } from './registry-tokens.ts'
import type { DemoUsers } from './registry-users.ts'

/** Requests remembered; older ones are forgotten. */
const MAX_LOG = 1000
const MAX_FORM_BYTES = 65_536
const SERVICE = 'pullgate-demo'

export interface DemoRegistryOptions {
  /** What each guise holds, a guise that is not named nothing. Default: DEMO_CONTENT. */
  content?: Partial<Record<Guise, Record<string, DemoRepository>>>
  /** Who may pull from `token` and `basic`. Default: DEMO_USERS. */
  users?: DemoUsers
  /** PEM texts. Without them it speaks plain HTTP. */
  tls?: { key: string; cert: string }
  /** Address to listen on. */
  host?: string
  /** Manifest requests that `limited` answers before its 429. */
  quota?: number
  now?: () => number
}

export interface LoggedRequest {
  guise: Guise
  method: string
  /** Path and query as sent. */
  target: string
  status: number
}

export interface DemoRegistry {
  endpoints: Record<Guise, URL>
  /** The last requests in order, oldest first. */
  requests: LoggedRequest[]
  close(): Promise<void>
}

/** Four registries on ports of their own, with content made in memory. Rejects only when it cannot listen. */
export async function startDemoRegistry(
  options: DemoRegistryOptions = {},
): Promise<DemoRegistry> {
  const requests: LoggedRequest[] = []
  const servers: Server[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(stop))
  }
  const open = async (guise: Guise): Promise<[Guise, URL]> => {
    const endpoint: { url: URL | null } = { url: null }
    const serve = guiseHandler(guise, options, () => endpoint.url)
    const server = listener(options.tls, (request, response) => {
      void respond(serve, request, response, (status) => {
        const { method = '', url: target = '' } = request
        requests.push({ guise, method, target, status })
        if (requests.length > MAX_LOG) requests.shift()
      })
    })
    servers.push(server)
    endpoint.url = await listen(server, options)
    return [guise, endpoint.url]
  }
  try {
    const opened = new Map(await Promise.all(GUISES.map(open)))
    const at = (guise: Guise): URL => opened.get(guise) ?? new URL('about:blank')
    const endpoints = {
      public: at('public'),
      token: at('token'),
      basic: at('basic'),
      limited: at('limited'),
    }
    return { endpoints, requests, close }
  } catch (error) {
    await close()
    throw error
  }
}

type Handler = (request: IncomingMessage) => Promise<RegistryReply>

function guiseHandler(
  guise: Guise,
  options: DemoRegistryOptions,
  endpoint: () => URL | null,
): Handler {
  const repositories = storeRepositories((options.content ?? DEMO_CONTENT)[guise] ?? {})
  const users = options.users ?? DEMO_USERS
  const tokens = createTokenService({
    users,
    isPublic: (name) => repositories.get(name)?.public ?? false,
    service: SERVICE,
    now: options.now ?? Date.now,
  })
  const limit = limitedGate(options.quota ?? 0)
  const gates: Record<Guise, Gatekeeper> = {
    public: openGate,
    token: tokenGate(
      tokens,
      () => new URL('/token', endpoint() ?? undefined).href,
      SERVICE,
    ),
    basic: basicGate(users),
    limited: limit.gate,
  }
  return async (request) => {
    const { method = 'GET', headers } = request
    const url = URL.parse(request.url ?? '/', 'http://localhost')
    if (url?.pathname === '/token' && guise === 'token') {
      return tokenReply(tokens, request, url)
    }
    const question = url === null ? null : parseQuestion(url)
    if (question === null) return errorReply(404, 'NOT_FOUND', 'page not found')
    if (method !== 'GET' && method !== 'HEAD') {
      return errorReply(405, 'UNSUPPORTED', 'read only', { allow: 'GET, HEAD' })
    }
    const reply =
      gates[guise](question, headers.authorization) ??
      answerQuestion(repositories, question, headers.accept)
    if (guise === 'limited') Object.assign(reply.headers, limit.headers())
    return reply
  }
}

async function tokenReply(
  tokens: TokenService,
  request: IncomingMessage,
  url: URL,
): Promise<RegistryReply> {
  const { method = 'GET' } = request
  const { authorization } = request.headers
  if (method !== 'POST') {
    return tokens.issue({ method, parameters: url.searchParams, authorization })
  }
  const form = await readForm(request)
  if (form === null) return errorReply(413, 'SIZE_INVALID', 'form too large')
  return tokens.issue({ method, parameters: form, authorization })
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_FORM_BYTES) return null
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

/** Notes the request before its answer leaves, so that whoever has the answer sees the note. */
async function respond(
  handler: Handler,
  request: IncomingMessage,
  response: ServerResponse,
  note: (status: number) => void,
): Promise<void> {
  const reply = await handler(request).catch(() =>
    errorReply(500, 'UNKNOWN', 'the demo registry failed'),
  )
  note(reply.status)
  response.writeHead(reply.status, {
    'docker-distribution-api-version': 'registry/2.0',
    ...reply.headers,
    'content-length': reply.body.length,
  })
  response.end(request.method === 'HEAD' ? undefined : reply.body)
}

function listener(
  tls: DemoRegistryOptions['tls'],
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  return tls === undefined
    ? createHttpServer(onRequest)
    : createHttpsServer({ key: tls.key, cert: tls.cert }, onRequest)
}

async function listen(server: Server, options: DemoRegistryOptions): Promise<URL> {
  const host = options.host ?? '127.0.0.1'
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  // A server that listens on host and port has an AddressInfo.
  const { port } = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return new URL(`${options.tls === undefined ? 'http' : 'https'}://${name}:${port}`)
}

async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
