import { printable } from '../text/printable.ts'
import type { NetworkFault, TlsFault } from './faults.ts'

/** What an error of undici, node:net, node:dns or node:tls means. `detail` is the library's own words, cleaned and cut. */
export type Fault =
  | { kind: 'network'; fault: NetworkFault; detail: string }
  | { kind: 'tls'; fault: TlsFault; detail: string }
  | { kind: 'refused-address' }

interface Clue {
  code: string
  message: string
  syscall: string
}

const MAX_CLUES = 32
const MAX_DETAIL_CHARACTERS = 300

/** OpenSSL's verification results as Node names them (`X509_V_ERR_...` without the prefix), and Node's own. */
const tlsFaults: Readonly<Record<string, TlsFault>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown-authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  CERT_UNTRUSTED: 'unknown-authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name-mismatch',
  HOSTNAME_MISMATCH: 'name-mismatch',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  CERT_SIGNATURE_FAILURE: 'other',
  CERT_REVOKED: 'other',
  CERT_REJECTED: 'other',
  CERT_CHAIN_TOO_LONG: 'other',
  INVALID_CA: 'other',
  INVALID_PURPOSE: 'other',
  PATH_LENGTH_EXCEEDED: 'other',
  UNSPECIFIED: 'other',
}

/** What OpenSSL says when the first bytes are no TLS record, such as those of "HTTP/1.1 400 Bad Request". */
const NOT_TLS =
  /wrong[ _]version[ _]number|packet[ _]length[ _]too[ _]long|http[ _]request|unknown protocol|record[ _]layer[ _]failure/i

/** Node's advice to whoever runs Node, which is not who reads this. */
const NODE_HINT = /; if the root CA is installed locally, .*$/s

/** The more telling first: of several attempts (IPv6 without a route, then IPv4 refused) the first row that fits any is the fault. */
const networkFaults: readonly (readonly [NetworkFault, readonly string[]])[] = [
  ['name-not-found', ['ENOTFOUND', 'ENODATA', 'ENONAME']],
  ['name-resolution-failed', ['EAI_AGAIN', 'EAI_FAIL', 'ESERVFAIL', 'ETIMEOUT']],
  ['connect-timeout', ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']],
  ['connection-refused', ['ECONNREFUSED']],
  ['response-timeout', ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']],
  ['invalid-port', ['ERR_SOCKET_BAD_PORT']],
  ['protocol-error', ['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']],
  ['connection-reset', ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET']],
  ['connection-reset', ['UND_ERR_PRX_CONN', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']],
  ['network-unreachable', ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EHOSTDOWN']],
  // What a local packet filter, an exhausted host or a missing address family answers.
  ['network-unreachable', ['EACCES', 'EPERM', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']],
]

/**
 * Reads an error, its causes and the errors that an AggregateError gathers (pull-semantics 4.7, the rows of network and TLS).
 * What is not known is a `protocol-error`: something answered, but not as HTTP.
 */
export function classifyFault(error: unknown): Fault {
  const clues = cluesOf(error)
  if (clues.some(({ code }) => code === 'PULLGATE_ADDRESS_REFUSED'))
    return { kind: 'refused-address' }
  for (const clue of clues) {
    const fault = tlsFaultOf(clue)
    if (fault !== null) return { kind: 'tls', fault, detail: detailOf(clue) }
  }
  for (const [fault, codes] of networkFaults) {
    const clue = clues.find(({ code }) => codes.includes(code))
    if (clue !== undefined) return { kind: 'network', fault, detail: detailOf(clue) }
  }
  // undici's ProxyAgent has no code of its own for a proxy that opens no tunnel.
  const proxy = clues.find(({ message }) => /^Proxy response \(\d+\)/.test(message))
  if (proxy !== undefined)
    return { kind: 'network', fault: 'proxy-refused', detail: detailOf(proxy) }
  const resolving = clues.find(({ syscall }) => syscall === 'getaddrinfo')
  if (resolving !== undefined)
    return {
      kind: 'network',
      fault: 'name-resolution-failed',
      detail: detailOf(resolving),
    }
  const [first] = clues
  const detail = first === undefined ? 'unknown error' : detailOf(first)
  return { kind: 'network', fault: 'protocol-error', detail }
}

function tlsFaultOf({ code, message }: Clue): TlsFault | null {
  if (Object.hasOwn(tlsFaults, code)) return tlsFaults[code] ?? 'other'
  const isOpenSsl = code === 'EPROTO' || /^ERR_(?:SSL|TLS|OSSL)_/.test(code)
  if (!isOpenSsl) return null
  return NOT_TLS.test(code) || NOT_TLS.test(message) ? 'plain-http' : 'other'
}

function detailOf({ message, code }: Clue): string {
  const words = message.replace(NODE_HINT, '')
  return printable(words === '' ? code : words, MAX_DETAIL_CHARACTERS)
}

/** Breadth first, the outermost error first. */
function cluesOf(error: unknown): Clue[] {
  const queue: unknown[] = [error]
  const clues: Clue[] = []
  for (let next = 0; next < queue.length && next < MAX_CLUES; next++) {
    const item = queue[next]
    if (!(item instanceof Error)) continue
    const isAggregate = item instanceof AggregateError
    // Node gives an AggregateError the code of its first attempt, which must not outrank the others.
    const code = isAggregate ? '' : textOf(item, 'code')
    clues.push({ code, message: item.message, syscall: textOf(item, 'syscall') })
    if (isAggregate) queue.push(...item.errors)
    if (item.cause !== undefined) queue.push(item.cause)
  }
  return clues
}

function textOf(error: Error, property: 'code' | 'syscall'): string {
  const value: unknown = Reflect.get(error, property)
  return typeof value === 'string' ? value : ''
}
