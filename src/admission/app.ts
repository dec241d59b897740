import type { Server } from 'node:https'
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { STATUS_CODES } from '../http/status-codes.ts'
import { printable } from '../text/printable.ts'
import type { AdmissionReviewBody } from './admission-response.ts'
import { parseApiTimeoutMs } from './api-timeout.ts'
import { timeArrivals } from './arrivals.ts'
import { createBodyReader, RefusedBody } from './body-reader.ts'
import { boundConnections } from './connection-bound.ts'
import { timeHandshakes } from './handshake-times.ts'
import type { Log } from './log.ts'
import { noSchemas } from './no-schemas.ts'
import { reviewLimits, type ServerLimits } from './server-limits.ts'
import { type ServerTls, serverTlsOptions } from './server-tls.ts'

export interface ReviewTiming {
  /**
   * What the API server allows, less what the handshake took of it where the connection was opened for this review; null when
   * it did not say.
   */
  timeoutMs: number | null
  /** How long ago the head of the request arrived, as far as can be seen from here. */
  elapsedMs: number
}

/** `invalid`: the body is no AdmissionReview; `reason` may be sent back. */
export type ReviewOutcome =
  | { status: 'reviewed'; body: AdmissionReviewBody }
  | { status: 'invalid'; reason: string }

export interface ServerOptions {
  https: ServerTls
  /** Does not reject; if it does all the same, the answer is 500 and the API server's failurePolicy decides. */
  review: (body: unknown, timing: ReviewTiming) => Promise<ReviewOutcome>
  log: Log
  /** While true, every answer also asks the client to open its next connection elsewhere. */
  draining?: () => boolean
  limits?: ServerLimits
}

export type WebhookServer = FastifyInstance<Server>

/** The one path that the webhook configuration names. */
export const REVIEW_PATH = '/validate'

/**
 * The webhook's HTTPS server, not yet listening. HTTP/1.1 only, since the API server speaks nothing else to webhooks.
 * Whatever is no review is answered with a status and `{ message }`; nothing that is sent here ends the process.
 */
export function buildServer(options: ServerOptions): WebhookServer {
  const { log, review, limits = reviewLimits } = options
  const app = Fastify({
    https: {
      ...serverTlsOptions(options.https),
      handshakeTimeout: limits.handshakeMs,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.checkMs,
    },
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.stalledMs,
    // One line is logged per decision; lines per request cost more than the framework.
    logger: false,
    // A drain answers everything that still arrives.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100 },
    schemaController: noSchemas,
  })
  boundConnections(app.server, limits.maxConnections)
  const handshakeMsOf = timeHandshakes(app.server, now)
  const waitedMs = timeArrivals(app.server, now)
  readBodiesAsJson(app, limits)
  answerFaults(app, log)
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (options.draining?.() === true) reply.header('connection', 'close')
    done(null, payload)
  })
  app.post(REVIEW_PATH, async (request, reply) => {
    const allowedMs = parseApiTimeoutMs(timeoutOf(request.query))
    const handshakeMs = handshakeMsOf(request.raw.socket)
    const outcome = await review(request.body, {
      timeoutMs: allowedMs === null ? null : allowedMs - handshakeMs,
      elapsedMs: Math.max(reply.elapsedTime, waitedMs()),
    })
    if (outcome.status === 'reviewed') return outcome.body
    const message = printable(outcome.reason)
    log.warn({ reason: message }, 'refused a body that is no AdmissionReview')
    return reply.code(400).send({ message })
  })
  return app
}

/** Takes a renewed certificate into use for new connections. Throws when certificate and key do not belong together. */
export function renewCertificate(app: WebhookServer, tls: ServerTls): void {
  app.server.setSecureContext(serverTlsOptions(tls))
}

function readBodiesAsJson(app: WebhookServer, limits: ServerLimits): void {
  const bodies = createBodyReader(limits)
  app.server.on('request', bodies.follow)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => bodies.read(payload, done))
}

function answerFaults(app: WebhookServer, log: Log): void {
  app.setNotFoundHandler((request, reply) => {
    if (request.url.split('?', 1)[0] !== REVIEW_PATH)
      return reply.code(404).send({ message: `not found; reviews go to ${REVIEW_PATH}` })
    return reply
      .code(405)
      .header('allow', 'POST')
      .send({ message: `${REVIEW_PATH} takes POST only` })
  })
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500 || error instanceof RefusedBody) {
      const message = error instanceof RefusedBody ? error.message : STATUS_CODES[status]
      log.warn({ status, code: error.code }, 'refused a request')
      return reply.code(status).send({ message: message ?? 'bad request' })
    }
    log.error({ err: error }, 'a request failed')
    return reply.code(500).send({ message: 'internal error' })
  })
}

function now(): number {
  return performance.now()
}

function timeoutOf(query: unknown): unknown {
  return typeof query === 'object' && query !== null && 'timeout' in query
    ? query.timeout
    : null
}
