import type { RegistryQuestion } from './registry-api.ts'
import { errorReply, type RegistryReply } from './registry-reply.ts'
import type { TokenService } from './registry-tokens.ts'
import { isUser, mayPull, parseBasic, type DemoUsers } from './registry-users.ts'

/** `public` asks for nothing, `token` for a Bearer token, `basic` for a password; `limited` is public with a spent quota. */
export const GUISES = ['public', 'token', 'basic', 'limited'] as const
export type Guise = (typeof GUISES)[number]

/** Decides before the content is looked at: the refusal, or null to go on. */
export type Gatekeeper = (
  question: RegistryQuestion,
  authorization: string | undefined,
) => RegistryReply | null

export const openGate: Gatekeeper = () => null

/** 401 before any check of existence, as docker-registry with htpasswd; 403 for a user who may not pull. */
export function basicGate(users: DemoUsers): Gatekeeper {
  return ({ repository }, authorization) => {
    const credential = parseBasic(authorization)
    if (credential === null || !isUser(users, credential)) {
      return unauthorized('Basic realm="Pullgate demo registry"')
    }
    if (repository === null || mayPull(users, credential.username, repository)) {
      return null
    }
    return errorReply(403, 'DENIED', 'requested access to the resource is denied')
  }
}

/** Challenges as docker-registry with token authentication. `realm` is where the tokens are. */
export function tokenGate(
  tokens: TokenService,
  realm: () => string,
  service: string,
): Gatekeeper {
  return ({ repository }, authorization) => {
    const scope = repository === null ? '' : `,scope="repository:${repository}:pull"`
    const challenge = `Bearer realm="${realm()}",service="${service}"${scope}`
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return unauthorized(challenge)
    const check = tokens.check(token, repository)
    return check === 'granted' ? null : unauthorized(`${challenge},error="${check}"`)
  }
}

/** What one address may pull: Docker Hub's headers (`100;w=21600`), and 429 for every manifest once it is spent. */
export function limitedGate(quota: number): {
  gate: Gatekeeper
  headers(): Record<string, string>
} {
  const windowSeconds = 21_600
  let remaining = quota

  function headers(): Record<string, string> {
    return {
      'ratelimit-limit': `${quota};w=${windowSeconds}`,
      'ratelimit-remaining': `${remaining};w=${windowSeconds}`,
      'docker-ratelimit-source': '127.0.0.1',
    }
  }

  return {
    headers,
    gate({ kind }) {
      if (kind !== 'manifest') return null
      if (remaining > 0) {
        remaining -= 1
        return null
      }
      return errorReply(
        429,
        'TOOMANYREQUESTS',
        'You have reached your unauthenticated pull rate limit.',
        { 'retry-after': '60' },
      )
    },
  }
}

function unauthorized(challenge: string): RegistryReply {
  return errorReply(401, 'UNAUTHORIZED', 'authentication required', {
    'www-authenticate': challenge,
  })
}
