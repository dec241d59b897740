import type { Credential } from '../credentials/credential.ts'
import { basicAuthorization } from './credential-fingerprint.ts'
import type { Endpoint } from './endpoint.ts'
import { newTrail } from './exchange.ts'
import type { Trail } from './exchange.ts'
import type { LookupEvidence, RegistryErrorEntry } from './lookup.ts'
import { withoutSecrets } from './without-secrets.ts'

/** One look-up's conversation with one endpoint. */
export interface Session {
  registry: string
  repository: string
  /** Never with an empty user name or password. */
  credential: Credential | null
  endpoint: Endpoint
  /** The endpoint's, or its plain HTTP fall-back once https did not speak TLS. */
  baseUrl: string
  signal: AbortSignal
  /** The Authorization header that was last used; null for none. */
  authorization: string | null
  access: LookupEvidence['access']
  /** Sent with Basic to the endpoint itself: not a second time. */
  basicSpent: boolean
  /** A first answer was had, and `authorization` is what this endpoint wants. */
  settled: boolean
  errors: RegistryErrorEntry[]
  trail: Trail
}

export function newSession(
  options: Pick<
    Session,
    'registry' | 'repository' | 'credential' | 'endpoint' | 'signal'
  >,
): Session {
  return {
    ...options,
    baseUrl: options.endpoint.baseUrl,
    authorization: null,
    access: 'open',
    basicSpent: false,
    settled: false,
    errors: [],
    trail: newTrail(),
  }
}

/** Entries of an error body, without what this session sent: some registries quote the request. */
export function quotableErrors(
  session: Session,
  errors: readonly RegistryErrorEntry[],
): RegistryErrorEntry[] {
  const secrets = secretsOf(session)
  return errors.map(({ code, message }) => ({
    code: withoutSecrets(code, secrets),
    message: withoutSecrets(message, secrets),
  }))
}

function secretsOf({ credential, authorization }: Session): string[] {
  const sent = authorization?.replace(/^\w+ /, '')
  return [
    ...(credential === null
      ? []
      : [credential.password, basicAuthorization(credential).replace(/^Basic /, '')]),
    ...(sent === undefined ? [] : [sent]),
  ]
}

export function evidenceOf(session: Session): LookupEvidence {
  const { registry, errors, endpoint, access, trail } = session
  return {
    registry,
    // A redirect may have put what we sent into its path.
    request: withoutSecrets(trail.request, secretsOf(session)),
    status: trail.status,
    errors: quotableErrors(session, errors),
    via: endpoint.via,
    redirected: trail.redirected,
    verified: trail.verified && trail.requests > 0,
    servedBy: trail.servedBy,
    access,
    requests: trail.requests,
    rateLimit: trail.rateLimit,
    ...(trail.unasked ? { unasked: true } : {}),
  }
}
