import {
  createChallengeAnswers,
  isUnauthorized,
  toAnswer,
  verdict,
} from './answer-challenge.ts'
import type {
  ApiAnswer,
  ChallengeAnswersOptions,
  UnauthorizedReply,
} from './answer-challenge.ts'
import { parseChallenges, usableChallenge } from './challenge.ts'
import type { Challenge } from './challenge.ts'
import type { Reply } from './exchange.ts'
import { createKnownChallenges, isSameChallenge } from './known-challenges.ts'
import type { KnownChallenge, KnownChallengesOptions } from './known-challenges.ts'
import { classifyMediaType, manifestMediaType } from './media-types.ts'
import type { ApiRequest } from './registry-request.ts'
import { firstHeader } from './response-headers.ts'
import type { Session } from './session.ts'
import { unauthorized } from './verdict.ts'

export interface AuthorizedRequests {
  ask(session: Session, request: ApiRequest): Promise<ApiAnswer>
}

export interface AuthorizedRequestsOptions
  extends ChallengeAnswersOptions, KnownChallengesOptions {}

/**
 * Requests that answer challenges as containerd does (pull-semantics 4.4), only gentler: a credential goes to the endpoint once per
 * look-up, and a refused token from the cache is replaced once. What a registry asked for before is answered before it asks again;
 * when that does not open it, the request is repeated without, as credentials count only where they are asked for.
 */
export function createAuthorizedRequests(
  options: AuthorizedRequestsOptions,
): AuthorizedRequests {
  const challenges = createKnownChallenges(options)
  const dance = createChallengeAnswers(options)

  async function ask(session: Session, request: ApiRequest): Promise<ApiAnswer> {
    if (session.settled && session.authorization !== null) {
      return toAnswer(await dance.send(session, request))
    }
    const known = session.settled ? null : challenges.find(session)
    session.settled = true
    if (known === null) return askCold(session, request)
    const answer = await answered(session, request, known.challenge)
    if (known.isGuess ? mayStand(answer, request) : !isRefused(answer)) return answer
    if (!known.isGuess) challenges.forget(session)
    return askAgainWithout(session, request, { known, answer })
  }

  async function answered(
    session: Session,
    request: ApiRequest,
    challenge: Challenge,
  ): Promise<ApiAnswer> {
    const answer = await dance.answer(session, request, challenge)
    if (isOpened(answer)) challenges.opened(session, challenge)
    return answer
  }

  async function askCold(session: Session, request: ApiRequest): Promise<ApiAnswer> {
    const reply = await dance.send(session, request)
    if (!isUnauthorized(reply)) return toAnswer(reply)
    const challenge = challengeOf(session, reply)
    if (challenge === null) return verdict(unauthorized('no-challenge', false))
    challenges.asked(session, challenge)
    return answered(session, request, challenge)
  }

  async function askAgainWithout(
    session: Session,
    request: ApiRequest,
    { known, answer }: { known: KnownChallenge; answer: ApiAnswer },
  ): Promise<ApiAnswer> {
    const refused = { ...session, trail: { ...session.trail } }
    Object.assign(session, { authorization: null, access: 'open', errors: [] })
    const reply = await dance.send(session, request)
    const challenge = isUnauthorized(reply) ? challengeOf(session, reply) : null
    if (challenge !== null) challenges.asked(session, challenge)
    if (challenge !== null && isSameChallenge(known.challenge, challenge)) {
      const { requests } = session.trail
      Object.assign(session, refused, { trail: { ...refused.trail, requests } })
      return answer
    }
    if (known.isGuess && showsWhatIsAsked(reply)) challenges.guessedWrong(session)
    if (!isUnauthorized(reply)) return toAnswer(reply)
    if (challenge === null) return verdict(unauthorized('no-challenge', false))
    return answered(session, request, challenge)
  }

  return { ask }
}

/** The challenge to answer; none when the 401 came from another host after a redirect, which containerd does not answer either. */
function challengeOf(
  session: Session,
  { response, url }: UnauthorizedReply,
): Challenge | null {
  if (url.host !== URL.parse(session.baseUrl)?.host) return null
  return usableChallenge(parseChallenges(response.headers))
}

function isOpened(answer: ApiAnswer): boolean {
  return answer.kind === 'response' && answer.response.status === 200
}

/** A guess counts only where it brought what was asked for, or where the registry itself could not be reached anyhow. */
function mayStand(answer: ApiAnswer, { purpose }: ApiRequest): boolean {
  if (answer.kind === 'response') {
    const type = firstHeader(answer.response.headers, 'content-type')
    const isManifest = USABLE.has(classifyMediaType(manifestMediaType(type)))
    return isOpened(answer) && (purpose !== 'manifest' || isManifest)
  }
  const { verdict: of } = answer
  switch (of.outcome) {
    case 'interrupted':
      return true
    case 'unreachable':
    case 'untrusted':
    case 'refused-address':
      return of.target === 'registry'
    default:
      return false
  }
}

/**
 * A registry that counts too many requests, or is in trouble, has not looked at what the repository asks for; nor was it asked
 * where such an answer stands for one that is spared.
 */
function showsWhatIsAsked(reply: Reply): boolean {
  if (reply.kind !== 'response') return false
  const { status } = reply.response
  return status < 500 && status !== 408 && status !== 429
}

const USABLE = new Set(['image', 'index'])

/** 404: some registries hide behind it what a credential does not open, and anybody else may have. */
const REFUSALS = new Set([400, 401, 403, 404])

// What an anonymous request might not have met: anything of tokens, and statuses that a stale credential earns.
function isRefused(answer: ApiAnswer): boolean {
  if (answer.kind === 'response') return REFUSALS.has(answer.response.status)
  const { verdict: of } = answer
  switch (of.outcome) {
    case 'unauthorized':
    case 'token-service-failure':
    case 'rate-limited':
      return true
    case 'unreachable':
    case 'untrusted':
    case 'refused-address':
      return of.target === 'token-service'
    default:
      return false
  }
}
