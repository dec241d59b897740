import type { Question } from './question.ts'
import { firstHeader } from './response-headers.ts'
import type { HttpResponse } from './transport.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])
// A body is only ever a token request, which holds a password.
const KEEPS_BODY = new Set([307, 308])

/**
 * The next hop of a redirect as Go's HTTP client takes it, or null when the answer is final (no redirect, or none that can
 * be followed). Method and trust stay; private headers are dropped for good once a hop leaves the first host and its
 * sub-domains (ports do not count), and earlier than in Go when it leaves https. The guard's exemption holds only on the
 * very host and port that the operator named. A body is repeated to its own host only, else the answer stays final.
 */
export function followRedirect(
  first: Question,
  hop: Question,
  response: HttpResponse,
): Question | null {
  if (!REDIRECTS.has(response.status)) return null
  const url = targetOf(hop.url, response)
  if (url === null) return null
  const isTrusted = mayKeepPrivateHeaders(first.url, url)
  const next: Question = {
    ...hop,
    url,
    operatorChosen: first.operatorChosen && url.host === first.url.host,
    privateHeaders: isTrusted ? hop.privateHeaders : {},
  }
  if (hop.body === null) return next
  if (KEEPS_BODY.has(response.status)) return isTrusted ? next : null
  return { ...next, method: 'GET', body: null, headers: { accept: '*/*' } }
}

function targetOf(base: URL, response: HttpResponse): URL | null {
  const location = firstHeader(response.headers, 'location')
  if (location === null || location === '') return null
  const url = URL.parse(location, base)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null
  url.username = ''
  url.password = ''
  url.hash = ''
  return url
}

function mayKeepPrivateHeaders(first: URL, next: URL): boolean {
  if (first.protocol === 'https:' && next.protocol === 'http:') return false
  if (next.hostname === first.hostname) return true
  const isName = !/^[\d.]+$|^\[/.test(first.hostname)
  return isName && next.hostname.endsWith(`.${first.hostname}`)
}
