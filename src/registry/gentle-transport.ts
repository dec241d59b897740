import { createCircuitBreaker } from './circuit-breaker.ts'
import type { BreakerState, CircuitBreaker, Permit } from './circuit-breaker.ts'
import { hostAndPort } from './exchange.ts'
import type { NetworkFault } from './lookup.ts'
import { parseRetryAfter } from './rate-limit.ts'
import type { RegistryObserver } from './registry-observer.ts'
import type { HttpAnswer, HttpRequest, HttpResponse, Transport } from './transport.ts'
import { createWaitingLine } from './waiting-line.ts'
import type { WaitingLine } from './waiting-line.ts'

export interface GentleLimits {
  /** Requests to one origin at a time, and how many may wait for their turn. */
  atATime: number
  maxWaiting: number
  /** Connection faults and time-outs in a row after which an origin is asked once an interval. */
  failures: number
  intervalMs: number
  /** A request that its deadline ended says something about the origin once it had that long. */
  slowMs: number
  /** A registry's Retry-After is heeded so long at most. */
  maxPauseMs: number
}

export interface GentleTransportOptions {
  transport: Transport
  limits: GentleLimits
  observer: Pick<RegistryObserver, 'breaker' | 'queue' | 'neverReached'>
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** Milliseconds since the epoch, for dates in Retry-After. */
  wallClock: () => number
}

export const defaultGentleLimits: GentleLimits = {
  // As many as there are connections to an origin.
  atATime: 16,
  maxWaiting: 1_000,
  failures: 5,
  intervalMs: 10_000,
  slowMs: 1_000,
  maxPauseMs: 60_000,
}

/** Origins that are remembered. Names come from images, so there may be any number. */
const MAX_ORIGINS = 1_000

interface Origin {
  host: string
  breaker: CircuitBreaker
  line: WaitingLine
  /** Any HTTP answer was ever had. */
  wasReached: boolean
  isTold: boolean
  shown: BreakerState
  /** The answer while nothing is asked. */
  lastFailure: HttpAnswer | null
  pause: { untilMs: number; response: HttpResponse } | null
}

/**
 * Spares registries and token services: a bounded number of requests at a time to each, an outage costs one request an
 * interval, and 429 with Retry-After (RFC 9110, 10.2.3) is heeded. What is not sent is answered as the last one was, marked
 * `unasked`, and no such answer denies anything.
 */
export function createGentleTransport(options: GentleTransportOptions): Transport {
  const { transport } = options
  const origins = new Map<string, Origin>()

  function originOf({ url }: HttpRequest): Origin {
    const known = origins.get(url.origin)
    if (known !== undefined) return known
    if (origins.size >= MAX_ORIGINS) forgetOne(origins)
    const origin = newOrigin(url.host, options)
    origins.set(url.origin, origin)
    return origin
  }

  return {
    async send(request) {
      const origin = originOf(request)
      const permit = permitted(origin, request, options)
      if (typeof permit !== 'string') return permit
      // Whoever finds out whether the host is back does not wait behind those whose requests hang.
      if (permit === 'probe') return ask(origin, { request, options, permit })
      const turn = await origin.line.enter(request.signal)
      if (turn === 'interrupted') return { kind: 'interrupted', unasked: true }
      if (turn === 'full') return notAsked(request, 'too-many-waiting')
      try {
        return await askInTurn(origin, request, options)
      } finally {
        origin.line.leave()
      }
    },
    close: () => transport.close(),
  }
}

function newOrigin(host: string, { limits, observer, now }: GentleTransportOptions) {
  const { atATime, maxWaiting, failures, intervalMs } = limits
  const onDepth = (depth: number): void => observer.queue({ host, depth })
  const origin: Origin = {
    host,
    breaker: createCircuitBreaker({ failures, intervalMs, now }),
    line: createWaitingLine({ atATime, maxWaiting, onDepth }),
    wasReached: false,
    isTold: false,
    shown: 'closed',
    lastFailure: null,
    pause: null,
  }
  return origin
}

/** The first that nobody uses; all in use are bounded by the reviews under way. */
function forgetOne(origins: Map<string, Origin>): void {
  for (const [key, { line }] of origins) {
    if (!line.isIdle()) continue
    origins.delete(key)
    return
  }
}

/** Whether the origin may be asked now, or the answer of one that is paused or known to be down. */
function permitted(
  origin: Origin,
  request: HttpRequest,
  { now }: GentleTransportOptions,
): Permit | HttpAnswer {
  const paused = pausedAnswer(origin, now())
  if (paused !== null) return paused
  const permit = origin.breaker.permit()
  return permit === 'refuse' ? refusedAnswer(origin, request) : permit
}

function pausedAnswer(origin: Origin, nowMs: number): HttpAnswer | null {
  if (origin.pause === null) return null
  const { untilMs, response } = origin.pause
  if (nowMs >= untilMs) {
    origin.pause = null
    return null
  }
  const seconds = Math.ceil((untilMs - nowMs) / 1000)
  return { ...response, headers: { 'retry-after': String(seconds) }, unasked: true }
}

function refusedAnswer(
  { lastFailure, wasReached }: Origin,
  request: HttpRequest,
): HttpAnswer {
  if (!wasReached) return notAsked(request, 'never-reached')
  return lastFailure === null
    ? notAsked(request, 'response-timeout')
    : { ...lastFailure, unasked: true }
}

function notAsked({ url }: HttpRequest, fault: NetworkFault): HttpAnswer {
  return { kind: 'network', fault, host: hostAndPort(url), detail: '', unasked: true }
}

interface Ask {
  request: HttpRequest
  options: GentleTransportOptions
  permit: Permit
}

/** It is this request's turn, but much may have happened while it waited. */
async function askInTurn(
  origin: Origin,
  request: HttpRequest,
  options: GentleTransportOptions,
): Promise<HttpAnswer> {
  const permit = permitted(origin, request, options)
  return typeof permit === 'string' ? ask(origin, { request, options, permit }) : permit
}

async function ask(origin: Origin, asking: Ask): Promise<HttpAnswer> {
  const { transport, now, observer } = asking.options
  show(origin, observer)
  const startedMs = now()
  const answer = await transport.send(asking.request)
  learn(origin, answer, { ...asking, tookMs: now() - startedMs })
  show(origin, observer)
  return answer
}

interface Asked extends Ask {
  tookMs: number
}

function learn(origin: Origin, answer: HttpAnswer, asked: Asked): void {
  const { breaker } = origin
  if (answer.kind === 'response') {
    origin.wasReached = true
    breaker.succeeded()
    notePause(origin, answer, asked.options)
    return
  }
  const failure = outage(answer, asked)
  if (failure === 'none') breaker.abandoned(asked.permit)
  else if (failure === 'answered') {
    origin.wasReached = true
    breaker.succeeded()
  } else {
    origin.lastFailure = failure
    breaker.failed(asked.permit)
  }
}

/** What a failure says: nothing of the host, that it is there all the same, or how it is out of reach. */
function outage(
  answer: Exclude<HttpAnswer, { kind: 'response' }>,
  { request, options, tookMs }: Asked,
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
      if (!isTimeout || tookMs < options.limits.slowMs) return 'none'
      return { ...notAsked(request, 'response-timeout') }
    }
    default:
      return answer satisfies never
  }
}

/** Something answers there, only not as it should. */
const PRESENT: ReadonlySet<NetworkFault> = new Set(['protocol-error', 'invalid-port'])

function notePause(
  origin: Origin,
  response: HttpResponse,
  { limits, now, wallClock }: GentleTransportOptions,
): void {
  if (response.status !== 429) return
  const waitMs = parseRetryAfter(response.headers, wallClock())
  if (waitMs === null || waitMs === 0) return
  const untilMs = now() + Math.min(waitMs, limits.maxPauseMs)
  origin.pause = { untilMs, response: { ...response, body: Buffer.alloc(0) } }
}

function show(origin: Origin, observer: GentleTransportOptions['observer']): void {
  const { host, breaker, wasReached } = origin
  const state = breaker.state()
  if (state !== origin.shown) observer.breaker({ host, state })
  origin.shown = state
  if (state !== 'open' || wasReached || origin.isTold) return
  origin.isTold = true
  observer.neverReached({ host })
}
