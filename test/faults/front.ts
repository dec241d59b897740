import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Agent as HttpAgent } from 'node:http'
import {
  Agent as HttpsAgent,
  createServer as createHttpsServer,
  request as httpsRequest,
} from 'node:https'
import type { AddressInfo } from 'node:net'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'
import type { Teardown } from '../support/token-server.ts'

export interface Reply {
  status: number
  headers?: Readonly<Record<string, string>>
  body?: string
}

/** What stands before a server and answers some requests itself; null hands a request on. */
export type Script = (request: IncomingMessage) => Reply | null

export interface Front {
  port: number
  script: Script | null
  /** Presents another certificate to new connections. Those that are open are ended. */
  certify(certificate: SelfSigned): void
}

export interface FrontOptions {
  /** Where requests go that no script answers. */
  target: URL
  /** PEM of the target's authority, for https. */
  targetCa?: string
  /** Serves HTTPS with it. */
  certificate?: SelfSigned
}

/** A reverse proxy on a free loopback port; streams answers, so that watches go through. */
export async function startFront(t: Teardown, options: FrontOptions): Promise<Front> {
  const { certificate } = options
  const handOn = createHandOn(t, options)
  const listener: RequestListener = (request, response) => {
    const reply = front.script?.(request) ?? null
    if (reply === null) return handOn(request, response)
    request.resume()
    response.writeHead(reply.status, reply.headers)
    response.end(request.method === 'HEAD' ? undefined : reply.body)
  }
  const https = certificate
    ? createHttpsServer({ cert: certificate.cert, key: certificate.key }, listener)
    : null
  const server = https ?? createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  const front: Front = {
    port: (server.address() as AddressInfo).port,
    script: null,
    certify({ cert, key }) {
      https?.setSecureContext({ cert, key })
      server.closeAllConnections()
    },
  }
  return front
}

function createHandOn(
  t: Teardown,
  { target, targetCa }: FrontOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const isTls = target.protocol === 'https:'
  const agent = isTls
    ? new HttpsAgent({
        keepAlive: true,
        ...(targetCa === undefined ? {} : { ca: targetCa }),
      })
    : new HttpAgent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const send = isTls ? httpsRequest : httpRequest
  return (request, response) => {
    const { method, headers } = request
    const url = new URL(request.url ?? '/', target)
    const onward = send(url, { agent, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      answer.once('error', () => response.destroy())
    })
    onward.once('error', () => response.destroy())
    response.once('close', () => {
      // Whoever asked is gone: a watch would go on for ever.
      if (!response.writableFinished) onward.destroy()
    })
    request.pipe(onward)
  }
}
