import type { Exchange, Reply } from './exchange.ts'
import type { Purpose } from './question.ts'
import type { Session } from './session.ts'

/** A request of the distribution API: what comes after `/v2/<repository>/`. */
export interface ApiRequest {
  purpose: Purpose
  method: 'HEAD' | 'GET'
  path: string
  query: Record<string, string>
  accept: string
  maxBodyBytes: number
}

/**
 * Sends one request with the session's current authorisation. A loopback registry that turns out to speak plain HTTP is
 * asked again that way, once, as containerd does (pull-semantics 4.1: https first, "falling back to http on a TLS record error").
 */
export async function sendToEndpoint(
  exchange: Exchange,
  session: Session,
  request: ApiRequest,
): Promise<Reply> {
  const reply = await sendTo(exchange, session, request)
  const { plainHttpFallback } = session.endpoint
  const isPlain =
    reply.kind === 'failure' &&
    reply.hop === 'first' &&
    reply.failure.kind === 'tls' &&
    reply.failure.fault === 'plain-http'
  if (!isPlain || plainHttpFallback === null || session.baseUrl === plainHttpFallback)
    return reply
  session.baseUrl = plainHttpFallback
  return sendTo(exchange, session, request)
}

async function sendTo(
  exchange: Exchange,
  session: Session,
  request: ApiRequest,
): Promise<Reply> {
  const url = registryUrl(session, request)
  if (url === null) return unusableAddress(session)
  const { endpoint, authorization, signal, trail } = session
  return exchange(
    {
      purpose: request.purpose,
      method: request.method,
      url,
      headers: { accept: request.accept },
      privateHeaders: {
        ...endpoint.headers,
        ...(authorization === null ? {} : { authorization }),
      },
      body: null,
      endpoint,
      operatorChosen: endpoint.operatorChosen,
      maxBodyBytes: request.maxBodyBytes,
      signal,
    },
    trail,
  )
}

function registryUrl(session: Session, { path, query }: ApiRequest): URL | null {
  const { endpoint, baseUrl, repository } = session
  const url = URL.parse(`${baseUrl}${endpoint.apiPath}/${repository}/${path}`)
  if (url === null) return null
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value)
  // Mirrors are told for which registry they stand in (pull-semantics 4.1).
  if (endpoint.namespace !== null) url.searchParams.append('ns', endpoint.namespace)
  return url
}

// The reference grammar lets ports beyond 65535 and numeric hosts through that no URL can have.
function unusableAddress({ baseUrl }: Session): Reply {
  const host = baseUrl.replace(/^https?:\/\//, '').split('/', 1)[0] ?? ''
  const port = /:(\d+)$/.exec(host)?.[1]
  const fault =
    port !== undefined && Number(port) > 65_535 ? 'invalid-port' : 'name-not-found'
  return {
    kind: 'failure',
    failure: { kind: 'network', fault, host, detail: 'not a usable address' },
    hop: 'first',
  }
}
