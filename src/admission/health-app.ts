import Fastify, { type FastifyInstance } from 'fastify'
import { printable } from '../text/printable.ts'
import type { Log } from './log.ts'
import type { ReadyState } from './readiness.ts'

export interface HealthOptions {
  ready: () => ReadyState
  /** The page of /metrics. */
  metrics: () => Promise<{ contentType: string; body: string }>
  log: Log
}

/** `/healthz`, `/readyz` and `/metrics` on a plain port of their own, not yet listening. */
export function buildHealthServer(options: HealthOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: 1024,
    requestTimeout: 10_000,
    logger: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })
  app.get('/healthz', async () => 'ok\n')
  app.get('/readyz', async (_request, reply) => {
    const state = options.ready()
    if (state.ready) return 'ok\n'
    return reply.code(503).send(`not ready: ${printable(state.reason)}\n`)
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await options.metrics()
    return reply.type(contentType).send(body)
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('not found\n'))
  app.setErrorHandler((error, _request, reply) => {
    options.log.error({ err: error }, 'a health request failed')
    return reply.code(500).send('internal error\n')
  })
  return app
}
