import type { Credential } from '../credentials/credential.ts'
import { basicAuthorization } from './credential-fingerprint.ts'
import type { Endpoint } from './endpoint.ts'
import type { Exchange, Reply, Trail } from './exchange.ts'
import type { Question } from './question.ts'
import { parseRetryAfter } from './rate-limit.ts'
import type { HttpResponse } from './transport.ts'
import { field, parseUntrustedObject, textField } from './untrusted-json.ts'
import { unauthorized, verdictOfFailure } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/** Statuses of the POST after which containerd asks again with GET (pull-semantics 4.4: "400, 401, 404, or 405"). */
const POST_UNSUPPORTED = new Set([400, 401, 404, 405])
/** containerd's own; some token services refuse a password grant without one. */
const CLIENT_ID = 'containerd-client'
const MAX_REPLY_BYTES = 1_048_576
// Real tokens stay below 8 KiB, which is as much as most servers take in a header.
const MAX_TOKEN_CHARACTERS = 32_768
const DEFAULT_LIFETIME_SECONDS = 60

export interface TokenQuestion {
  realm: URL
  service: string
  /** Sorted, without duplicates. */
  scopes: string[]
  credential: Credential | null
  endpoint: Endpoint
}

export type TokenAnswer =
  | { kind: 'token'; token: string; lifetimeMs: number }
  | { kind: 'verdict'; verdict: Verdict; response: HttpResponse | null }

/**
 * Asks a token service once, as containerd does: with a credential POST and then, if that is not supported, GET; without
 * one GET. Nothing is repeated (pull-semantics 4.4: "token endpoint errors are never retried").
 */
export async function requestToken(
  exchange: Exchange,
  question: TokenQuestion,
  { trail, signal, now }: { trail: Trail; signal: AbortSignal; now: () => number },
): Promise<TokenAnswer> {
  const { credential } = question
  if (credential !== null) {
    const reply = await exchange(postQuestion(question, credential, signal), trail)
    const isFinal =
      reply.kind !== 'response' || !POST_UNSUPPORTED.has(reply.response.status)
    if (isFinal) return readReply(reply, { wasSent: true, via: 'POST' }, now)
  }
  const reply = await exchange(getQuestion(question, signal), trail)
  return readReply(reply, { wasSent: credential !== null, via: 'GET' }, now)
}

function postQuestion(
  question: TokenQuestion,
  { username, password }: Credential,
  signal: AbortSignal,
): Question {
  const form = new URLSearchParams({
    grant_type: 'password',
    service: question.service,
    client_id: CLIENT_ID,
    scope: question.scopes.join(' '),
    username,
    password,
  })
  return {
    ...commonQuestion(question, signal),
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    privateHeaders: {},
    body: form.toString(),
  }
}

function getQuestion(question: TokenQuestion, signal: AbortSignal): Question {
  const common = commonQuestion(question, signal)
  const url = new URL(common.url)
  if (question.service !== '') url.searchParams.append('service', question.service)
  for (const scope of question.scopes) url.searchParams.append('scope', scope)
  const { credential } = question
  const privateHeaders: Record<string, string> =
    credential === null ? {} : { authorization: basicAuthorization(credential) }
  return { ...common, url, method: 'GET', headers: {}, privateHeaders, body: null }
}

function commonQuestion({ realm, endpoint }: TokenQuestion, signal: AbortSignal) {
  const isSameHost = URL.parse(endpoint.baseUrl)?.host === realm.host
  return {
    purpose: 'token' as const,
    url: realm,
    endpoint,
    operatorChosen: endpoint.operatorChosen && isSameHost,
    maxBodyBytes: MAX_REPLY_BYTES,
    signal,
  }
}

function readReply(
  reply: Reply,
  { wasSent, via }: { wasSent: boolean; via: 'GET' | 'POST' },
  now: () => number,
): TokenAnswer {
  if (reply.kind === 'failure') {
    return {
      kind: 'verdict',
      verdict: verdictOfFailure(reply, 'token-service'),
      response: null,
    }
  }
  const { response } = reply
  const refusal = verdictOfTokenStatus(response, wasSent, now)
  if (refusal !== null) return { kind: 'verdict', verdict: refusal, response }
  return readToken(response, via)
}

function verdictOfTokenStatus(
  response: HttpResponse,
  wasSent: boolean,
  now: () => number,
): Verdict | null {
  const { status, headers } = response
  // containerd takes 3xx without a target for a success too, and then fails on the body.
  if (status >= 200 && status < 400) return null
  if (status === 401 || status === 403) return unauthorized('token-refused', wasSent)
  if (status !== 429) return { outcome: 'token-service-failure', fault: 'status' }
  return {
    outcome: 'rate-limited',
    stage: 'token',
    retryAfterMs: parseRetryAfter(headers, now()),
  }
}

function readToken(response: HttpResponse, via: 'GET' | 'POST'): TokenAnswer {
  const fail = (fault: 'not-json' | 'no-token'): TokenAnswer => ({
    kind: 'verdict',
    verdict: { outcome: 'token-service-failure', fault },
    response,
  })
  const reply = response.truncated ? null : parseUntrustedObject(response.body)
  if (reply === null) return fail('not-json')
  const accessToken = textField(reply, 'access_token')
  const token = via === 'POST' ? accessToken : accessToken || textField(reply, 'token')
  if (token === null || !isHeaderSafe(token)) return fail('no-token')
  return { kind: 'token', token, lifetimeMs: lifetimeSeconds(reply) * 1000 }
}

function isHeaderSafe(token: string): boolean {
  return token.length <= MAX_TOKEN_CHARACTERS && /^[\u0021-\u007e]+$/.test(token)
}

// The token specification's default, and its least.
function lifetimeSeconds(reply: Record<string, unknown>): number {
  const seconds = field(reply, 'expires_in')
  const isGiven = typeof seconds === 'number' && seconds > DEFAULT_LIFETIME_SECONDS
  return isGiven ? seconds : DEFAULT_LIFETIME_SECONDS
}
