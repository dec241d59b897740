import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerLimits } from './server-limits.ts'

/** An error that Fastify answers with its status. */
export class RefusedBody extends Error {
  readonly statusCode: 400 | 413 | 503
  constructor(statusCode: 400 | 413 | 503, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

type Done = (error: Error | null, body?: unknown) => void

/** Reads bodies and parses them as JSON, whatever their content type says. */
export interface BodyReader {
  read: (request: IncomingMessage, done: Done) => void
  /** Has the room of a body given back with its answer. */
  follow: (request: IncomingMessage, response: ServerResponse) => void
}

interface Body {
  chunks: Buffer[]
  length: number
  /** What it counts among the large bodies. */
  counted: number
  arriving: boolean
  refuse: (error: RefusedBody) => void
}

/**
 * Most reviews are smaller, and so many of these are bounded by the connections. What is larger shares a budget: thirty clients
 * that send eight megabytes slowly would else take all memory.
 */
const LARGE_BYTES = 64 * 1024

/**
 * A body is bounded, and all large ones together are. When there is no room for more, the largest that still arrives is
 * refused, which is that of whoever sends them on purpose.
 */
export function createBodyReader({
  maxBodyBytes,
  maxLargeBodiesBytes,
}: Pick<ServerLimits, 'maxBodyBytes' | 'maxLargeBodiesBytes'>): BodyReader {
  /**
   * Of the small ones nothing is kept: with a WeakMap of all, the young generation's collector took each request for alive, and a
   * third of the time went there.
   */
  const large = new Map<IncomingMessage, Body>()
  let largeBytes = 0

  function count(request: IncomingMessage, body: Body): void {
    if (body.length <= LARGE_BYTES) return
    large.set(request, body)
    largeBytes += body.length - body.counted
    body.counted = body.length
    if (largeBytes > maxLargeBodiesBytes) refuseLargest(body)
  }

  function refuseLargest(latest: Body): void {
    let largest = latest
    for (const body of large.values())
      if (body.arriving && body.counted > largest.counted) largest = body
    largest.refuse(new RefusedBody(503, 'too many large bodies at once'))
  }

  function giveBack(request: IncomingMessage, body: Body): void {
    largeBytes -= body.counted
    body.counted = 0
    large.delete(request)
  }

  return {
    follow(request, response) {
      response.once('close', () => {
        const body = large.get(request)
        if (body === undefined) return
        body.arriving = false
        giveBack(request, body)
      })
    },
    read(request, done) {
      const body: Body = {
        chunks: [],
        length: 0,
        counted: 0,
        arriving: true,
        refuse: finish,
      }

      function finish(error: Error | null): void {
        if (!body.arriving) return
        body.arriving = false
        request.off('data', take).off('end', end).off('error', finish)
        if (error !== null) {
          body.chunks = []
          giveBack(request, body)
          // What still comes is neither kept nor waited for.
          request.resume()
        }
        // Nobody waits for an answer, and of pipelined requests many more may be on their way.
        if (request.socket.destroyed) return
        if (error === null) parse(Buffer.concat(body.chunks), done)
        else done(error)
      }
      function take(chunk: Buffer): void {
        body.length += chunk.length
        if (body.length > maxBodyBytes)
          return finish(new RefusedBody(413, 'Payload Too Large'))
        body.chunks.push(chunk)
        count(request, body)
      }
      function end(): void {
        finish(null)
      }
      if (Number(request.headers['content-length']) > maxBodyBytes)
        return finish(new RefusedBody(413, 'Payload Too Large'))
      request.on('data', take).on('end', end).on('error', finish)
    },
  }
}

/**
 * A `__proto__` key is no error as it is with Fastify's own parser: it could be put into a custom resource to have us answer
 * 400, which failurePolicy Ignore turns into a pass. JSON.parse makes it a plain property, and our readers go by name.
 */
function parse(body: Buffer, done: Done): void {
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    return done(new RefusedBody(400, 'the body is not JSON'))
  }
  done(null, parsed)
}
