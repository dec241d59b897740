import type { Permit } from './circuit-breaker.ts'
import { shownHost } from './exchange.ts'
import type { RegistryObserver } from './registry-observer.ts'
import { defaultTransportLimits } from './http-transport.ts'
import type { OriginHealth } from './origin-health.ts'
import { notAsked } from './spared-origin.ts'
import type { Asked, Patience, SparedOrigin } from './spared-origin.ts'
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts'
import { createWaitingLine } from './waiting-line.ts'
import type { WaitingLine } from './waiting-line.ts'

export interface GentleLimits extends Patience {
  /** Requests to one origin at a time, and how many may wait for their turn. */
  atATime: number
  maxWaiting: number
}

export interface GentleTransportOptions {
  transport: Transport
  limits: GentleLimits
  health: OriginHealth
  observer: Pick<RegistryObserver, 'queue' | 'spared'>
  /** Monotonic clock in milliseconds. */
  now: () => number
}

/** For look-ups that end after so many milliseconds. */
export function gentleLimits(lookupTimeoutMs: number): GentleLimits {
  return {
    // As many as there are connections to an origin.
    atATime: 16,
    maxWaiting: 1_000,
    slowMs: Math.min(500, lookupTimeoutMs / 2),
    // The rest may go to whatever is asked before it, such as a token service.
    hangingMs: lookupTimeoutMs * 0.75,
    connectMs: defaultTransportLimits.connectTimeoutMs,
  }
}

/** Origins whose lines are kept. Names come from images, so there may be any number. */
const MAX_ORIGINS = 1_000

interface Origin {
  host: string
  line: WaitingLine
}

/**
 * Spares registries and token services: a bounded number of requests at a time to each, an outage costs one request an
 * interval, and 429 with Retry-After (RFC 9110, 10.2.3) is heeded. What is not sent is answered as the last one was, marked
 * `unasked`, and no such answer denies anything.
 */
export function createGentleTransport(options: GentleTransportOptions): Transport {
  const { transport, limits, observer, now } = options
  const origins = new Map<string, Origin>()

  /** The one used last goes to the end. */
  function originOf({ url }: HttpRequest): Origin {
    const known = origins.get(url.origin)
    if (known === undefined && origins.size >= MAX_ORIGINS) forgetOne(origins)
    else origins.delete(url.origin)
    const origin = known ?? newOrigin(shownHost(url), options)
    origins.set(url.origin, origin)
    return origin
  }

  async function ask(
    health: SparedOrigin,
    request: HttpRequest,
    permit: Permit,
  ): Promise<HttpAnswer> {
    const startedMs = now()
    const asked = (): Asked => ({
      request,
      permit,
      tookMs: now() - startedMs,
      patience: limits,
    })
    let answer: HttpAnswer
    try {
      answer = await transport.send(request)
    } catch (error) {
      // A fault of ours says nothing of the host, and its permit is not lost.
      health.learn({ kind: 'interrupted' }, asked())
      throw error
    }
    const learned = asked()
    health.learn(answer, learned)
    return { ...answer, tookMs: learned.tookMs }
  }

  return {
    async send(request) {
      const { line, host } = originOf(request)
      const health = options.health.of(request.url)
      const first = health.permit(request)
      if (typeof first !== 'string') return first
      // Whoever finds out whether the host is back does not wait behind those whose requests hang.
      if (first === 'probe') return ask(health, request, first)
      const turn = await line.enter(request.signal)
      if (turn === 'interrupted') return { kind: 'interrupted', unasked: true }
      if (turn === 'full') {
        observer.spared({ host, reason: 'queue-full' })
        return notAsked(request, 'too-many-waiting')
      }
      try {
        // Much may have happened while it waited.
        const permit = health.permit(request)
        return typeof permit === 'string' ? await ask(health, request, permit) : permit
      } finally {
        line.leave()
      }
    },
    close: () => transport.close(),
  }
}

function newOrigin(host: string, options: GentleTransportOptions): Origin {
  const { atATime, maxWaiting } = options.limits
  const onDepth = (depth: number): void => options.observer.queue({ host, depth })
  return {
    host,
    line: createWaitingLine({ atATime, maxWaiting, onDepth }),
  }
}

/** The one of those that nobody uses that was used least lately; all in use are bounded by the reviews under way. */
function forgetOne(origins: Map<string, Origin>): void {
  for (const [key, { line }] of origins) {
    if (!line.isIdle()) continue
    origins.delete(key)
    return
  }
}
