import { createHmac, randomBytes } from 'node:crypto'

import { errorReply, jsonReply, type RegistryReply } from './registry-reply.ts'
import { isUser, mayPull, parseBasic, type DemoUsers } from './registry-users.ts'

const LIFETIME_SECONDS = 300

export interface TokenServiceOptions {
  users: DemoUsers
  /** Whether everyone may pull this repository. */
  isPublic(repository: string): boolean
  service: string
  now: () => number
}

/** What is not granted is named as RFC 6750 names it in a challenge. */
export type TokenCheck = 'granted' | 'insufficient_scope' | 'invalid_token'

export interface TokenService {
  /** GET with the query, or POST with the form (`grant_type=password`). */
  issue(request: TokenRequest): RegistryReply
  check(token: string, repository: string | null): TokenCheck
}

export interface TokenRequest {
  method: string
  parameters: URLSearchParams
  authorization: string | undefined
}

interface Claims {
  exp: number
  /** Repositories that may be pulled. */
  pull: string[]
}

/**
 * A token service as https://distribution.github.io/distribution/spec/auth/token/ and .../auth/oauth/ have it: wrong
 * credentials get 401, and a user without permission gets a token that opens nothing.
 */
export function createTokenService(options: TokenServiceOptions): TokenService {
  const key = randomBytes(32)

  function issue(request: TokenRequest): RegistryReply {
    const caller = identify(request, options.users)
    if ('status' in caller) return caller
    const { parameters } = request
    if (parameters.get('service') !== options.service) {
      return errorReply(400, 'UNSUPPORTED', 'unknown service')
    }
    const pull = requestedRepositories(parameters).filter(
      (repository) =>
        options.isPublic(repository) ||
        (caller.username !== null && mayPull(options.users, caller.username, repository)),
    )
    const exp = Math.floor(options.now() / 1000) + LIFETIME_SECONDS
    const token = sign({ exp, pull })
    return jsonReply(200, {
      token,
      access_token: token,
      expires_in: LIFETIME_SECONDS,
      issued_at: new Date(options.now()).toISOString(),
    })
  }

  function sign(claims: Claims): string {
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
    return `${payload}.${signature(payload)}`
  }

  function signature(payload: string): string {
    return createHmac('sha256', key).update(payload).digest('base64url')
  }

  function check(token: string, repository: string | null): TokenCheck {
    const [payload = '', mac] = token.split('.')
    if (mac !== signature(payload)) return 'invalid_token'
    // Our own signature: the payload is what sign() wrote.
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
    if (claims.exp * 1000 <= options.now()) return 'invalid_token'
    if (repository === null || claims.pull.includes(repository)) return 'granted'
    return 'insufficient_scope'
  }

  return { issue, check }
}

/** Who asks; `username: null` is nobody in particular. */
function identify(
  { method, parameters, authorization }: TokenRequest,
  users: DemoUsers,
): { username: string | null } | RegistryReply {
  const denied = jsonReply(401, { details: 'incorrect username or password' })
  if (method === 'POST') {
    if (parameters.get('grant_type') !== 'password') {
      return errorReply(400, 'UNSUPPORTED', 'grant_type must be password')
    }
    const username = parameters.get('username') ?? ''
    const password = parameters.get('password') ?? ''
    return isUser(users, { username, password }) ? { username } : denied
  }
  if (authorization === undefined) return { username: null }
  const credential = parseBasic(authorization)
  if (credential === null || !isUser(users, credential)) return denied
  return { username: credential.username }
}

/** GET repeats `scope`, POST separates by spaces; each is `repository:<name>:<actions>`. */
function requestedRepositories(parameters: URLSearchParams): string[] {
  return parameters
    .getAll('scope')
    .flatMap((scopes) => scopes.split(' '))
    .map((scope) => /^repository:(.+):([a-z,*]+)$/.exec(scope))
    .filter((match) => match?.[2]?.split(',').includes('pull'))
    .map((match) => match?.[1] ?? '')
}
