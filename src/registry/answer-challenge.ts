import { parseChallenges, usableChallenge } from './challenge.ts'
import type { Challenge } from './challenge.ts'
import { basicAuthorization } from './credential-fingerprint.ts'
import type { Exchange, Reply } from './exchange.ts'
import { parseRegistryErrors } from './registry-errors.ts'
import { sendToEndpoint } from './registry-request.ts'
import type { ApiRequest } from './registry-request.ts'
import type { Session } from './session.ts'
import { realmOf, scopesOf } from './token-realm.ts'
import type { TokenOutcome, TokenService } from './token-service.ts'
import { printable } from '../text/printable.ts'
import { unauthorized, verdictOfFailure } from './verdict.ts'
import type { Verdict } from './verdict.ts'
import type { HttpResponse } from './transport.ts'

/** The registry's answer once authorisation was settled, or why it could not be. */
export type ApiAnswer =
  | { kind: 'response'; response: HttpResponse; url: URL }
  | { kind: 'verdict'; verdict: Verdict }

export interface ChallengeAnswersOptions {
  exchange: Exchange
  tokens: TokenService
}

/** Sends requests with a session's authorisation, and answers challenges by Basic or with a token. */
export function createChallengeAnswers({ exchange, tokens }: ChallengeAnswersOptions) {
  const send = (session: Session, request: ApiRequest): Promise<Reply> =>
    sendToEndpoint(exchange, session, request)

  function answer(
    session: Session,
    request: ApiRequest,
    challenge: Challenge,
  ): Promise<ApiAnswer> {
    if (challenge.scheme === 'basic') return answerBasic(session, request)
    return answerBearer(session, request, challenge)
  }

  async function answerBasic(session: Session, request: ApiRequest): Promise<ApiAnswer> {
    const { credential } = session
    if (credential === null) return verdict(unauthorized('no-credentials', false))
    if (session.basicSpent) return verdict(unauthorized('rejected', true))
    session.authorization = basicAuthorization(credential)
    session.access = 'credential'
    session.basicSpent = true
    const reply = await send(session, request)
    if (!isUnauthorized(reply)) return toAnswer(reply)
    return verdict(unauthorized('rejected', true))
  }

  async function answerBearer(
    session: Session,
    request: ApiRequest,
    challenge: Challenge,
  ): Promise<ApiAnswer> {
    const realm = realmOf(challenge, session)
    if (realm === null)
      return verdict({ outcome: 'token-service-failure', fault: 'no-realm' })
    for (const fresh of [false, true]) {
      const outcome = await tokens.token(
        {
          realm,
          service: challenge.parameters.get('service') ?? '',
          scopes: scopesOf(challenge, session.repository),
          credential: session.credential,
          endpoint: session.endpoint,
          signal: session.signal,
          fresh,
        },
        session.trail,
      )
      if (outcome.kind === 'verdict') return refusedToken(session, outcome)
      session.authorization = `Bearer ${outcome.token}`
      session.access = session.credential === null ? 'anonymous-token' : 'credential'
      const reply = await send(session, request)
      // Rights may have been given since the cached token was: no refusal rests on it.
      if (outcome.fromCache && isRefusal(reply)) continue
      if (!isUnauthorized(reply)) return toAnswer(reply)
      return answerRefusal(session, request, reply)
    }
    return verdict(unauthorized('still-unauthorized', session.credential !== null))
  }

  // The 401 after a token: Harbor now offers Basic, most say error=, Quay says nothing.
  function answerRefusal(
    session: Session,
    request: ApiRequest,
    reply: UnauthorizedReply,
  ): Promise<ApiAnswer> | ApiAnswer {
    const next = usableChallenge(parseChallenges(reply.response.headers))
    if (next?.scheme === 'basic') return answerBasic(session, request)
    const wasSent = session.credential !== null
    const error = next?.parameters.get('error') ?? ''
    if (error === '') return verdict(unauthorized('still-unauthorized', wasSent))
    session.errors = challengeErrors(error)
    return verdict(unauthorized('insufficient-scope', wasSent))
  }

  return { send, answer }
}

export type UnauthorizedReply = Extract<Reply, { kind: 'response' }>

export function isUnauthorized(reply: Reply): reply is UnauthorizedReply {
  return reply.kind === 'response' && reply.response.status === 401
}

function isRefusal(reply: Reply): boolean {
  return reply.kind === 'response' && [401, 403, 404].includes(reply.response.status)
}

export function toAnswer(reply: Reply): ApiAnswer {
  if (reply.kind === 'response') return reply
  return verdict(verdictOfFailure(reply, 'registry'))
}

export function verdict(of: Verdict): ApiAnswer {
  return { kind: 'verdict', verdict: of }
}

function refusedToken(
  session: Session,
  outcome: Extract<TokenOutcome, { kind: 'verdict' }>,
): ApiAnswer {
  if (outcome.response !== null)
    session.errors = parseRegistryErrors(outcome.response.body)
  return verdict(outcome.verdict)
}

/** The challenge's error parameter, such as `insufficient_scope`, as if it stood in a body. */
function challengeErrors(error: string): Session['errors'] {
  return [{ code: printable(error, 64), message: '' }]
}
