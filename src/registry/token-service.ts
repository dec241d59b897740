import { createBoundedCache } from '../cache/bounded-cache.ts'
import type { BoundedCache } from '../cache/bounded-cache.ts'
import type { CacheUse } from '../cache/cache-use.ts'
import { withDeadline } from '../time/deadline.ts'
import { valueBefore } from '../time/value-before.ts'
import type { CredentialFingerprint } from './credential-fingerprint.ts'
import { newTrail } from './exchange.ts'
import type { Exchange, Trail } from './exchange.ts'
import type { RegistryObserver } from './registry-observer.ts'
import { requestToken } from './token-request.ts'
import type { TokenAnswer, TokenQuestion } from './token-request.ts'
import type { HttpResponse } from './transport.ts'
import type { Verdict } from './verdict.ts'

const MAX_TOKENS = 2_000
/** Some 1,000 tokens of the usual 4 kB; the largest that is taken has 32 kB. */
const MAX_TOKEN_BYTES = 4_194_304
const MAX_LIFETIME_MS = 3_600_000
/** A token is not used in its last seconds: clocks differ, and the look-up still has to travel. */
const MARGIN_MS = 10_000

export interface TokenWish extends TokenQuestion {
  /** Not the cached token: it was just refused. */
  fresh: boolean
  signal: AbortSignal
}

export type TokenOutcome =
  | { kind: 'token'; token: string; fromCache: boolean }
  | { kind: 'verdict'; verdict: Verdict; response: HttpResponse | null }

/** Gets tokens and notes in the asker's trail what that took. */
export interface TokenService {
  token(wish: TokenWish, trail: Trail): Promise<TokenOutcome>
}

export interface TokenServiceOptions {
  exchange: Exchange
  fingerprint: CredentialFingerprint
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** Milliseconds since the epoch. */
  wallClock: () => number
  observer: Pick<RegistryObserver, 'cache'>
  /** One token request, POST and GET together, is given up after this. */
  timeoutMs: number
}

interface Flight {
  askedAtMs: number
  answer: Promise<TokenAnswer>
  trail: Trail
}

/**
 * Tokens by endpoint, realm, service, scopes and fingerprint of the credential, for as long as they live. Equal questions
 * at the same time are one request, which no asker's signal ends: it has its own deadline, and the trail tells who joined it how
 * old it is. At most one flight per waiting look-up, so the callers' own limit bounds them.
 */
export function createTokenService(options: TokenServiceOptions): TokenService {
  const { now, wallClock, observer } = options
  const told = (result: CacheUse): void => observer.cache({ cache: 'tokens', result })
  const tokens = createBoundedCache<string>({
    maxEntries: MAX_TOKENS,
    maxBytes: MAX_TOKEN_BYTES,
    sizeOf: ({ length }) => length,
    now,
  })
  const flights = new Map<string, Flight>()

  function start(key: string, wish: TokenWish): Flight {
    const trail = newTrail()
    const askedAtMs = now()
    const answer = withDeadline(options.timeoutMs, (signal) =>
      requestToken(options.exchange, wish, { trail, signal, now: wallClock }),
    )
      .then((result) => {
        if (result.kind === 'token') remember(tokens, key, result)
        return afterDeadline(result, wish)
      })
      .finally(() => flights.delete(key))
    const flight = { askedAtMs, answer, trail }
    flights.set(key, flight)
    return flight
  }

  async function token(wish: TokenWish, trail: Trail): Promise<TokenOutcome> {
    const key = keyOf(options.fingerprint, wish)
    const cached = wish.fresh ? undefined : tokens.get(key)
    if (cached !== undefined) {
      told('hit')
      return { kind: 'token', token: cached, fromCache: true }
    }
    const joined = flights.get(key)
    told(joined === undefined ? 'miss' : 'shared')
    const flight = joined ?? start(key, wish)
    const answer = await valueBefore(wish.signal, flight.answer, () => null)
    if (answer === null) {
      return { kind: 'verdict', verdict: { outcome: 'interrupted' }, response: null }
    }
    noteFlight(trail, flight, joined === undefined)
    if (answer.kind === 'verdict') return answer
    return { kind: 'token', token: answer.token, fromCache: false }
  }

  return { token }
}

function remember(
  tokens: BoundedCache<string>,
  key: string,
  { token, lifetimeMs }: { token: string; lifetimeMs: number },
): void {
  tokens.set(key, token, Math.min(lifetimeMs, MAX_LIFETIME_MS) - MARGIN_MS)
}

// The flight's own deadline looks like an interruption, but nobody interrupted: the service was too slow.
function afterDeadline(answer: TokenAnswer, { realm }: TokenWish): TokenAnswer {
  if (answer.kind !== 'verdict' || answer.verdict.outcome !== 'interrupted') return answer
  return {
    kind: 'verdict',
    verdict: {
      outcome: 'unreachable',
      fault: 'response-timeout',
      target: 'token-service',
      host: realm.host,
    },
    response: null,
  }
}

function keyOf(fingerprint: CredentialFingerprint, wish: TokenWish): string {
  const { endpoint, realm, service, scopes, credential } = wish
  return JSON.stringify([
    endpoint.baseUrl,
    realm.href,
    service,
    scopes,
    fingerprint(credential),
  ])
}

function noteFlight(
  trail: Trail,
  { askedAtMs, trail: flight }: Flight,
  isOwn: boolean,
): void {
  if (isOwn) trail.requests += flight.requests
  else trail.joinedMs = Math.min(trail.joinedMs ?? askedAtMs, askedAtMs)
  trail.verified &&= flight.verified
  trail.request = flight.request
  trail.status = flight.status
  trail.unasked = flight.unasked
}
