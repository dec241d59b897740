import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from './log.ts'
import type { Readiness } from './readiness.ts'

export interface DrainOptions {
  readiness: Readiness
  /** Closed in this order: the webhook first, so that health and metrics can be seen to the end. */
  servers: readonly { close(): PromiseLike<unknown> }[]
  /** How long reviews still arrive after the readiness changed: the time endpoints take to reach every API server. */
  graceMs: number
  /** A second signal ends the waiting. */
  signal: AbortSignal
  log: Log
}

/**
 * Stops without losing a review: first says that it is not ready, goes on answering for `graceMs`, then takes no new
 * connection, finishes what is under way and closes. Never rejects.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { readiness, servers, graceMs, signal, log } = options
  readiness.set('draining', 'shutting down')
  log.info({ graceMs }, 'draining')
  // Aborted or not: the servers are closed next.
  await sleep(graceMs, null, { signal }).catch(() => null)
  for (const server of servers) {
    try {
      await server.close()
    } catch (error) {
      log.warn({ err: error }, 'a server did not close cleanly')
    }
  }
  log.info({}, 'drained')
}
