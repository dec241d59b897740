import { LRUCache } from 'lru-cache'
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
import type { ApiRequest } from './registry-request.ts'
import type { Session } from './session.ts'
import { unauthorized } from './verdict.ts'

const MAX_CHALLENGES = 2_000
const CHALLENGE_TTL_MS = 300_000

export interface AuthorizedRequests {
  ask(session: Session, request: ApiRequest): Promise<ApiAnswer>
}

export interface AuthorizedRequestsOptions extends ChallengeAnswersOptions {
  now: () => number
}

/**
 * Requests that answer challenges as containerd does (pull-semantics 4.4), only gentler: a credential goes to the endpoint once per
 * look-up, and a refused token from the cache is replaced once. What a repository asked for is remembered, so that the next
 * look-up needs one request; when that does not open it, the request is repeated without, as credentials count only
 * where they are asked for.
 */
export function createAuthorizedRequests(
  options: AuthorizedRequestsOptions,
): AuthorizedRequests {
  const challenges = new LRUCache<string, Challenge>({
    max: MAX_CHALLENGES,
    ttl: CHALLENGE_TTL_MS,
    ttlResolution: 0,
    perf: { now: options.now },
  })
  const dance = createChallengeAnswers(options)

  async function ask(session: Session, request: ApiRequest): Promise<ApiAnswer> {
    if (session.settled && session.authorization !== null) {
      return toAnswer(await dance.send(session, request))
    }
    const key = `${session.endpoint.baseUrl} ${session.registry} ${session.repository}`
    const known = session.settled ? undefined : challenges.get(key)
    session.settled = true
    if (known === undefined) return askCold(session, request, key)
    const answer = await dance.answer(session, request, known)
    if (!isRefused(answer)) return answer
    challenges.delete(key)
    return askAgainWithout(session, request, { known, answer, key })
  }

  async function askCold(
    session: Session,
    request: ApiRequest,
    key: string,
  ): Promise<ApiAnswer> {
    const reply = await dance.send(session, request)
    if (!isUnauthorized(reply)) return toAnswer(reply)
    const challenge = challengeOf(session, reply)
    if (challenge === null) return verdict(unauthorized('no-challenge', false))
    challenges.set(key, challenge)
    return dance.answer(session, request, challenge)
  }

  async function askAgainWithout(
    session: Session,
    request: ApiRequest,
    { known, answer, key }: { known: Challenge; answer: ApiAnswer; key: string },
  ): Promise<ApiAnswer> {
    const refused = { ...session, trail: { ...session.trail } }
    Object.assign(session, { authorization: null, access: 'open', errors: [] })
    const reply = await dance.send(session, request)
    if (!isUnauthorized(reply)) return toAnswer(reply)
    const challenge = challengeOf(session, reply)
    if (challenge === null) return verdict(unauthorized('no-challenge', false))
    challenges.set(key, challenge)
    if (!isSameChallenge(known, challenge)) {
      return dance.answer(session, request, challenge)
    }
    const { requests } = session.trail
    Object.assign(session, refused, { trail: { ...refused.trail, requests } })
    return answer
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

function isSameChallenge(left: Challenge, right: Challenge): boolean {
  return (
    left.scheme === right.scheme &&
    ['realm', 'service', 'scope'].every(
      (name) => left.parameters.get(name) === right.parameters.get(name),
    )
  )
}

const REFUSALS = new Set([400, 401, 403])

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
