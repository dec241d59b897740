import type { EventEmitter } from 'node:events'

/**
 * How many milliseconds ago the first of the requests came that are read together with this one. Of a storm the event loop reads
 * every request in one go, judging as it reads: the hundredth has by then waited for all others, unseen, since its own clock starts
 * only when it is read.
 */
export function timeArrivals(server: EventEmitter, now: () => number): () => number {
  let firstAtMs: number | null = null
  server.prependListener('request', () => {
    if (firstAtMs !== null) return
    firstAtMs = now()
    // Comes when all that had arrived has been read.
    setImmediate(() => {
      firstAtMs = null
    })
  })
  return () => (firstAtMs === null ? 0 : now() - firstAtMs)
}
