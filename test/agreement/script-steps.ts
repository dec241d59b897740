import { distributionError, SERVE } from './misbehaving-registry.ts'
import type { Ask, Reply, Step } from './misbehaving-registry.ts'

/** Which requests a step is about; everything that is left out matches. */
export interface When {
  method?: 'HEAD' | 'GET' | 'POST'
  target?: Ask['target']
  /** `false`: only requests without an Authorization header. */
  authorized?: boolean
  /** Only by tag, or only by digest. */
  by?: 'tag' | 'digest'
  /** Only the first so many requests of each program. */
  times?: number
}

function matches(ask: Ask, when: When): boolean {
  const isAuthorized = ask.headers.authorization !== undefined
  return (
    (when.method === undefined || when.method === ask.method) &&
    (when.target === undefined || when.target === ask.target) &&
    (when.authorized === undefined || when.authorized === isAuthorized) &&
    (when.by === undefined || (when.by === 'digest') === ask.name.includes(':')) &&
    (when.times === undefined || ask.nth <= when.times)
  )
}

const MANIFEST: When = { target: 'manifest' }

/** Answers manifest requests (or what `when` says) with a status. */
export function status(code: number, when: When = MANIFEST, body?: Reply): Step {
  return (ask) =>
    matches(ask, when) ? (body ?? distributionError(code, codeOf(code))) : null
}

function codeOf(code: number): string {
  const codes: Record<number, string> = {
    401: 'UNAUTHORIZED',
    403: 'DENIED',
    404: 'MANIFEST_UNKNOWN',
    429: 'TOOMANYREQUESTS',
  }
  return codes[code] ?? 'UNKNOWN'
}

/** A status with headers and a body of one's own. */
export function reply(answer: Reply, when: When = MANIFEST): Step {
  return (ask) => (matches(ask, when) ? answer : null)
}

/** Serves the content with other headers, or without one (null), or with another body. */
export function serve(change: Omit<Reply, 'status'>, when: When = MANIFEST): Step {
  return (ask) => (matches(ask, when) ? { status: SERVE, ...change } : null)
}

/** Closes the connection without an answer. */
export function close(when: When = MANIFEST): Step {
  return (ask) => (matches(ask, when) ? 'close' : null)
}

/** Never answers. */
export function hang(when: When = MANIFEST): Step {
  return (ask) => (matches(ask, when) ? 'hang' : null)
}

/** Redirects to the same path at another host of the scenario. */
export function redirect(code: number, host: string, when: When = MANIFEST): Step {
  return (ask) => {
    if (!matches(ask, when)) return null
    const location = `${ask.hosts[host] ?? host}${ask.url.pathname}`
    return { status: code, headers: { location } }
  }
}

export type Users = Readonly<Record<string, string>>

/** HTTP Basic, as docker-registry's htpasswd does it: before anything else. */
export function basic(users: Users, challenge = 'Basic realm="acme"'): Step {
  return ({ headers, target }) => {
    if (target === 'token') return null
    const caller = basicCaller(headers.authorization)
    if (caller !== null && users[caller.username] === caller.password) return null
    return unauthorized(challenge)
  }
}

/** 401 for everything, with these challenges, each a header line of its own. */
export function challengeAll(...challenges: string[]): Step {
  return ({ target }) => (target === 'token' ? null : unauthorized(...challenges))
}

function unauthorized(...challenges: string[]): Reply {
  const base = distributionError(401, 'UNAUTHORIZED')
  const headers = { ...base.headers, 'www-authenticate': challenges }
  return challenges.length === 0 ? base : { ...base, headers }
}

export interface TokenScript {
  users?: Users
  /** Users whose token opens the repository; default all. */
  mayPull?: readonly string[]
  /** What callers without credentials get: a token that opens the repository, one that does not, or a status. */
  anonymous?: 'pulls' | 'no-rights' | number
  /** Status of every POST; without it a POST with the right password gets a token and a wrong one 401. */
  post?: number
  /** Status for wrong credentials; default 401. */
  wrong?: number
  /** The token endpoint answers everything with this. */
  replies?: Reply
  /** Which host of the scenario serves tokens; default the registry itself. */
  realmHost?: string
  /** The whole challenge, with `{realm}` to fill in. */
  challenge?: string
  /** What the registry answers to a token that does not open the repository; default 401 with insufficient_scope. */
  refusal?: 'insufficient_scope' | 'invalid_token' | 'plain' | 'harbor' | number
  /** The field of the reply that holds the token; default both. */
  field?: 'token' | 'access_token'
}

/** A token registry with its token service at `/token`, as https://distribution.github.io/distribution/spec/auth/token/ says. */
export function bearer(script: TokenScript = {}): Step {
  return (ask) => {
    if (ask.target === 'token') return tokenReply(ask, script)
    const { authorization } = ask.headers
    if (authorization === undefined) return unauthorized(challengeOf(ask, script))
    if (authorization === 'Bearer opens') return null
    return refusalOf(ask, script)
  }
}

function challengeOf({ hosts }: Ask, script: TokenScript): string {
  const realm = `${hosts[script.realmHost ?? 'registry']}/token`
  const challenge = script.challenge ?? 'Bearer realm="{realm}",service="acme"'
  return challenge.replace('{realm}', realm)
}

function refusalOf(ask: Ask, script: TokenScript): Reply {
  const refusal = script.refusal ?? 'insufficient_scope'
  if (typeof refusal === 'number') return distributionError(refusal, codeOf(refusal))
  if (refusal === 'harbor') return unauthorized('Basic realm="harbor"')
  const challenge = challengeOf(ask, script)
  return unauthorized(refusal === 'plain' ? challenge : `${challenge},error="${refusal}"`)
}

function tokenReply(ask: Ask, script: TokenScript): Reply {
  if (script.replies !== undefined) return script.replies
  const isPost = ask.method === 'POST'
  if (isPost && script.post !== undefined) return { status: script.post }
  const form = new URLSearchParams(isPost ? ask.body : '')
  const caller = isPost
    ? { username: form.get('username') ?? '', password: form.get('password') ?? '' }
    : basicCaller(ask.headers.authorization)
  const wrong = { status: script.wrong ?? 401, body: '{"details":"refused"}' }
  if (caller === null) {
    const anonymous = script.anonymous ?? 'no-rights'
    if (typeof anonymous === 'number') return { status: anonymous, body: '{}' }
    return token(anonymous === 'pulls', script)
  }
  if (script.users?.[caller.username] !== caller.password) return wrong
  return token(script.mayPull?.includes(caller.username) ?? true, script)
}

function token(opens: boolean, { field }: TokenScript): Reply {
  const value = opens ? 'opens' : 'opens-nothing'
  const fields = field ? { [field]: value } : { token: value, access_token: value }
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...fields, expires_in: 300 }),
  }
}

function basicCaller(
  authorization: string | undefined,
): { username: string; password: string } | null {
  const encoded = /^basic (.+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return null
  const [username = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':')
  return { username, password: rest.join(':') }
}

/** Sends on to itself so many times before anything is served. */
export function redirects(hops: number): Step {
  return ({ url, target }) => {
    const hop = Number(url.searchParams.get('hop') ?? 0)
    if (target !== 'manifest' || hop >= hops) return null
    return { status: 307, headers: { location: `${url.pathname}?hop=${hop + 1}` } }
  }
}

/** 404 for tags unless the Accept header names this type: registries do so with indexes (catalogue 59). */
export function wantsAccept(type: string): Step {
  return ({ headers, target, name }) =>
    target !== 'manifest' || name.includes(':') || headers.accept?.includes(type)
      ? null
      : distributionError(404, 'MANIFEST_UNKNOWN')
}
