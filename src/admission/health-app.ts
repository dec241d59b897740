import Fastify, { type FastifyInstance } from 'fastify'
import { printable } from '../text/printable.ts'
import { boundConnections } from './connection-bound.ts'
import type { Log } from './log.ts'
import { noSchemas } from './no-schemas.ts'
import type { ReadyState } from './readiness.ts'
import { healthLimits, type ServerLimits } from './server-limits.ts'

export interface HealthOptions {
  ready: () => ReadyState
  /** The page of /metrics. */
  metrics: () => Promise<{ contentType: string; body: string }>
  log: Log
  limits?: ServerLimits
}

/** `/healthz`, `/readyz` and `/metrics` on a plain port of their own, not yet listening. */
export function buildHealthServer(options: HealthOptions): FastifyInstance {
  const { limits = healthLimits } = options
  const app = Fastify({
    http: {
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.checkMs,
    },
    bodyLimit: limits.maxBodyBytes,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.stalledMs,
    logger: false,
    schemaController: noSchemas,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })
  boundConnections(app.server, limits.maxConnections)
  const page = sharedWhileUnderWay(options.metrics)
  app.get('/healthz', async () => 'ok\n')
  app.get('/readyz', async (_request, reply) => {
    const state = options.ready()
    if (state.ready) return 'ok\n'
    return reply.code(503).send(`not ready: ${printable(state.reason)}\n`)
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await page()
    return reply.type(contentType).send(body)
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('not found\n'))
  app.setErrorHandler((error, _request, reply) => {
    options.log.error({ err: error }, 'a health request failed')
    return reply.code(500).send('internal error\n')
  })
  return app
}

/** Whoever asks a hundred times at once has the page made once. */
function sharedWhileUnderWay<T>(make: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null
  return () =>
    (underWay ??= make().finally(() => {
      underWay = null
    }))
}
