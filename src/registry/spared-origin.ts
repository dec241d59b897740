import { createCircuitBreaker } from './circuit-breaker.ts'
import type { BreakerState, Permit } from './circuit-breaker.ts'
import { hostAndPort } from './exchange.ts'
import type { NetworkFault } from './faults.ts'
import { parseRetryAfter } from './rate-limit.ts'
import type { ReachedHosts } from './reached-hosts.ts'
import type { RegistryObserver } from './registry-observer.ts'
import type { HttpAnswer, HttpRequest, HttpResponse } from './transport.ts'

export interface SparingLimits {
  /** Connection faults, time-outs and answers 502, 503 and 504 in a row after which an origin is asked once an interval. */
  failures: number
  intervalMs: number
  /** A registry's Retry-After is heeded so long at most. */
  maxPauseMs: number
}

export interface Patience {
  /** A request that its deadline ended says something about the origin once it had that long. */
  slowMs: number
  /** And always once it had that long, however slow the origin's answers are. */
  hangingMs: number
  /** Whatever lasts longer has a connection: one that cannot be made is given up by then. */
  connectMs: number
}

export interface SparingOptions {
  limits: SparingLimits
  observer: Pick<RegistryObserver, 'breaker' | 'paused' | 'spared' | 'neverReached'>
  reached: ReachedHosts
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** Milliseconds since the epoch, for dates in Retry-After. */
  wallClock: () => number
}

/** What was asked, with which permit, how long it took, and how long it might have taken. */
export interface Asked {
  request: HttpRequest
  permit: Permit
  tookMs: number
  patience: Patience
}

/** What is known of one origin's health: whether it is down, or wants to be left alone. */
export interface SparedOrigin {
  /** Whether it may be asked now, or the answer of one that is paused or known to be down. */
  permit(request: HttpRequest): Permit | HttpAnswer
  /** Whoever got a permit and used it tells what came of it. */
  learn(answer: HttpAnswer, asked: Asked): void
}

export function createSparedOrigin(host: string, options: SparingOptions): SparedOrigin {
  const { limits, observer, reached, now, wallClock } = options
  const breaker = createCircuitBreaker({ ...limits, now })
  let lastFailure: HttpAnswer | null = null
  /** What its slowest answer of late took. */
  let slowestMs = 0
  let pause: { untilMs: number; response: HttpResponse } | null = null
  let shown: BreakerState | null = null

  function paused(): HttpAnswer | null {
    if (pause === null) return null
    const leftMs = pause.untilMs - now()
    if (leftMs <= 0) {
      pause = null
      return null
    }
    const seconds = Math.ceil(leftMs / 1000)
    return {
      ...pause.response,
      headers: { 'retry-after': String(seconds) },
      unasked: true,
    }
  }

  function refused(request: HttpRequest): HttpAnswer {
    if (!reached.wasReached(host)) return notAsked(request, 'never-reached')
    return lastFailure === null
      ? notAsked(request, 'response-timeout')
      : { ...lastFailure, unasked: true }
  }

  /** Tells the state of the breaker where it has changed. */
  function show(): void {
    const state = breaker.state()
    if (state !== shown) observer.breaker({ host, state })
    shown = state
    if (state !== 'open' || reached.wasReached(host)) return
    if (reached.tellOnce(host)) observer.neverReached({ host })
  }

  /** Whether it had clearly more time than this origin needs: one that began late in a storm had less, and tells nothing. */
  function hadEnough({ tookMs, patience }: Asked): boolean {
    const enoughMs = Math.max(patience.slowMs, 2 * slowestMs)
    return tookMs >= Math.min(enoughMs, patience.hangingMs)
  }

  function isThere(): void {
    reached.note(host)
    breaker.succeeded()
  }

  /** What stands before the registry is there, and says that the registry is not. */
  function isAway(response: HttpResponse, permit: Permit): void {
    reached.note(host)
    lastFailure = withoutContent(response)
    breaker.failed(permit)
  }

  function notePause(response: HttpResponse): void {
    if (response.status !== 429 && response.status !== 503) return
    const waitMs = parseRetryAfter(response.headers, wallClock())
    if (waitMs === null || waitMs === 0) return
    const pauseMs = Math.min(waitMs, limits.maxPauseMs)
    const untilMs = now() + pauseMs
    // What was under way when the pause began may ask for a shorter one.
    if (pause !== null && pause.untilMs >= untilMs) return
    pause = { untilMs, response: withoutContent(response) }
    observer.paused({ host, untilMs: wallClock() + pauseMs })
  }

  return {
    permit(request) {
      const pausedAnswer = paused()
      if (pausedAnswer !== null) {
        observer.spared({ host, reason: 'paused' })
        return pausedAnswer
      }
      const permit = breaker.permit()
      show()
      if (permit !== 'refuse') return permit
      observer.spared({ host, reason: 'down' })
      return refused(request)
    },
    learn(answer, asked) {
      if (answer.kind === 'response') {
        if (AWAY.has(answer.status)) isAway(answer, asked.permit)
        else {
          slowestMs = Math.max(asked.tookMs, slowestMs * FADING)
          isThere()
        }
        notePause(answer)
      } else {
        const failure = outage(answer, asked.request, hadEnough(asked))
        if (failure === 'none') breaker.abandoned(asked.permit)
        else if (failure === 'answered') isThere()
        else {
          lastFailure = failure
          if (wasConnected(answer, asked)) reached.note(host)
          breaker.failed(asked.permit)
        }
      }
      show()
    },
  }
}

function withoutContent(response: HttpResponse): HttpResponse {
  return { ...response, headers: {}, body: Buffer.alloc(0) }
}

export function notAsked({ url }: HttpRequest, fault: NetworkFault): HttpAnswer {
  return { kind: 'network', fault, host: hostAndPort(url), detail: '', unasked: true }
}

/** What a failure says: nothing of the host, that it is there all the same, or how it is out of reach. */
function outage(
  answer: Exclude<HttpAnswer, { kind: 'response' }>,
  request: HttpRequest,
  hadEnough: boolean,
): 'none' | 'answered' | HttpAnswer {
  switch (answer.kind) {
    case 'network':
      return PRESENT.has(answer.fault) ? 'answered' : answer
    case 'tls':
      return 'answered'
    case 'refused-address':
      return 'none'
    case 'interrupted': {
      const reason: unknown = request.signal.reason
      const isTimeout = reason instanceof Error && reason.name === 'TimeoutError'
      if (!isTimeout || !hadEnough) return 'none'
      return { ...notAsked(request, 'response-timeout') }
    }
    default:
      return answer satisfies never
  }
}

/** A host that takes connections and says nothing is down, and not out of reach. */
function wasConnected(
  answer: Exclude<HttpAnswer, { kind: 'response' }>,
  { tookMs, patience }: Asked,
): boolean {
  if (answer.kind === 'network') return answer.fault === 'response-timeout'
  return answer.kind === 'interrupted' && tookMs > patience.connectMs
}

/** Of each answer the one after it remembers so much: a slow one is no longer recent after some tens. */
const FADING = 0.9
/** RFC 9110, 15.6.3 to 15.6.5: of a gateway whose server does not answer, or of one that is overloaded or being maintained. */
const AWAY: ReadonlySet<number> = new Set([502, 503, 504])
/** Something answers there, only not as it should. */
const PRESENT: ReadonlySet<NetworkFault> = new Set(['protocol-error', 'invalid-port'])
