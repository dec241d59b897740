import { printable } from '../text/printable.ts'
import type { RateLimit } from './lookup.ts'
import type { Question } from './question.ts'
import { parseRateLimit } from './rate-limit.ts'
import type { RegistryObserver } from './registry-observer.ts'
import { followRedirect } from './redirects.ts'
import type { HttpAnswer, HttpResponse, Transport } from './transport.ts'

/** Go's client, so containerd, makes ten requests of one (pull-semantics 4.3): it follows nine redirects and gives up at the tenth. */
const MAX_REDIRECTS = 9

/** What the exchanges of one look-up with one host have in common, for its evidence. */
export interface Trail {
  requests: number
  /** `METHOD URL` of the latest exchange, without query and user info. */
  request: string
  status: number | null
  /** The latest exchange was not sent: its host is spared. */
  unasked: boolean
  redirected: boolean
  servedBy: string | null
  /** Every exchange so far had verified TLS, straight to the host. */
  verified: boolean
  rateLimit: RateLimit | null
  /** An answer had the header of the distribution API. */
  spokeAsRegistry: boolean
  /** When the oldest token request was sent that another look-up had begun, in milliseconds of a steady clock; null for none. */
  joinedMs: number | null
}

export type Failure = Exclude<HttpAnswer, HttpResponse>

/** The last answer of a chain of redirects; `hop` tells whether a failure was the first host's or a redirect target's. */
export type Reply =
  | { kind: 'response'; response: HttpResponse; url: URL }
  | { kind: 'failure'; failure: Failure; hop: 'first' | 'redirect' }

export interface ExchangeOptions {
  transport: Transport
  observer: RegistryObserver
  userAgent: string
  /** Monotonic or wall clock, in milliseconds. */
  now: () => number
}

/** Sends a question, follows its redirects and notes everything in the trail. */
export type Exchange = (question: Question, trail: Trail) => Promise<Reply>

export function newTrail(): Trail {
  return {
    requests: 0,
    request: '',
    status: null,
    unasked: false,
    redirected: false,
    servedBy: null,
    verified: true,
    rateLimit: null,
    spokeAsRegistry: false,
    joinedMs: null,
  }
}

export function createExchange(options: ExchangeOptions): Exchange {
  return async (question, trail) => {
    let hop: Question = question
    for (let redirects = 0; ; redirects++) {
      const answer = await sendOne(options, hop, trail)
      const at = redirects === 0 ? 'first' : 'redirect'
      if (answer.kind !== 'response') return { kind: 'failure', failure: answer, hop: at }
      const next = followRedirect(question, hop, answer)
      if (next === null) return { kind: 'response', response: answer, url: hop.url }
      if (redirects === MAX_REDIRECTS) return tooManyRedirects(hop.url)
      trail.redirected = true
      trail.servedBy = next.url.host === question.url.host ? null : next.url.host
      hop = next
    }
  }
}

async function sendOne(
  { transport, observer, userAgent, now }: ExchangeOptions,
  hop: Question,
  trail: Trail,
): Promise<HttpAnswer> {
  const { method, url, body, endpoint, operatorChosen, maxBodyBytes, signal } = hop
  if (signal.aborted) return { kind: 'interrupted' }
  const startedMs = now()
  const answer = await transport.send({
    method,
    url,
    body,
    endpoint,
    operatorChosen,
    maxBodyBytes,
    signal,
    headers: { 'user-agent': userAgent, ...hop.privateHeaders, ...hop.headers },
  })
  trail.status = answer.kind === 'response' ? answer.status : null
  trail.unasked = answer.unasked === true
  if (trail.unasked) return answer
  trail.request = `${method} ${shownUrl(url)}`
  trail.requests++
  observer.request({
    host: shownHost(url),
    purpose: hop.purpose,
    status: answer.kind === 'response' ? String(answer.status) : 'error',
    durationMs: answer.tookMs ?? now() - startedMs,
  })
  if (answer.kind === 'response') noteResponse(answer, hop, trail, observer)
  return answer
}

function noteResponse(
  response: HttpResponse,
  hop: Question,
  trail: Trail,
  observer: RegistryObserver,
): void {
  trail.verified &&= response.verified
  trail.spokeAsRegistry ||=
    response.headers['docker-distribution-api-version'] !== undefined
  const rateLimit = parseRateLimit(response.headers)
  if (rateLimit === null) return
  trail.rateLimit = rateLimit
  observer.rateLimit({ host: shownHost(hop.url), rateLimit })
}

function tooManyRedirects(url: URL): Reply {
  const detail = `stopped after ${MAX_REDIRECTS + 1} redirects`
  const failure: Failure = {
    kind: 'network',
    fault: 'too-many-redirects',
    host: shownHost(url),
    detail,
  }
  return { kind: 'failure', failure, hop: 'redirect' }
}

/** `host:port` with the scheme's port where none is written. */
export function hostAndPort(url: URL): string {
  const port = url.port || (url.protocol === 'http:' ? '80' : '443')
  return printable(`${url.hostname}:${port}`, 300)
}

/** The host as image names have it: the port only where it is not that of https. */
export function shownHost(url: URL): string {
  return url.protocol === 'https:' ? printable(url.host, 300) : hostAndPort(url)
}

/** A URL as it may be shown: without query, fragment and user info. */
export function shownUrl(url: URL): string {
  return printable(`${url.protocol}//${url.host}${url.pathname}`, 500)
}
