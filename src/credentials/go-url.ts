import { isIPv6 } from 'node:net'

/** What the kubelet keeps of a parsed key: `host[:port]` and the unescaped path. One UTF-16 unit stands for one byte. */
export interface GoUrl {
  host: string
  path: string
}

/** Bytes as a string of code units below 256: compares by bytes, as Go does, and keeps percent-escapes that are not UTF-8. */
export function toByteString(text: string): string {
  // oxlint-disable-next-line no-control-regex -- all of ASCII: bytes as they are, which nearly every name consists of
  if (/^[\u0000-\u007f]*$/.test(text)) return text
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The reverse of `toByteString`, for showing. */
export function fromByteString(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/**
 * Go's url.Parse (1.26) for an absolute http or https address, given as a byte string; null where Go returns an error.
 * Userinfo, query and fragment are checked and dropped. `new URL()` is no substitute: it lower-cases, resolves and repairs.
 */
export function parseGoUrl(address: string): GoUrl | null {
  const [beforeFragment, fragment] = cut(address, '#')
  if (hasControlByte(beforeFragment) || unescapeAny(fragment) === null) return null
  const [beforeQuery] = cut(beforeFragment, '?')
  const scheme = /^https?:\/\//.exec(beforeQuery)
  if (scheme === null) return null
  const afterScheme = beforeQuery.slice(scheme[0].length)
  const slash = afterScheme.indexOf('/')
  const authority = slash < 0 ? afterScheme : afterScheme.slice(0, slash)
  const host = parseAuthority(authority)
  const path = unescapeAny(slash < 0 ? '' : afterScheme.slice(slash))
  return host === null || path === null ? null : { host, path }
}

/** Go's net.SplitHostPort as the kubelet uses it: what cannot be split is all host. Brackets of an IPv6 host with a port go. */
export function splitHostPort(hostPort: string): { host: string; port: string } {
  const whole = { host: hostPort, port: '' }
  const colon = hostPort.lastIndexOf(':')
  if (colon < 0) return whole
  if (hostPort.startsWith('[')) {
    if (hostPort.indexOf(']') + 1 !== colon) return whole
    const inner = hostPort.slice(1, colon - 1)
    return inner.includes('[') ? whole : { host: inner, port: hostPort.slice(colon + 1) }
  }
  const host = hostPort.slice(0, colon)
  if (/[:[\]]/.test(host)) return whole
  return { host, port: hostPort.slice(colon + 1) }
}

function parseAuthority(authority: string): string | null {
  const at = authority.lastIndexOf('@')
  if (at < 0) return parseHost(authority)
  const userinfo = authority.slice(0, at)
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) return null
  if (unescapeAny(userinfo) === null) return null
  return parseHost(authority.slice(at + 1))
}

function parseHost(host: string): string | null {
  const bracket = host.lastIndexOf('[')
  if (bracket > 0) return null
  if (bracket === 0) return parseIpLiteral(host)
  const colon = host.indexOf(':')
  if (colon >= 0 && !/^:[0-9]*$/.test(host.slice(colon))) return null
  return unescapeHost(host)
}

function parseIpLiteral(host: string): string | null {
  const close = host.lastIndexOf(']')
  if (close < 0) return null
  const port = host.slice(close + 1)
  if (port !== '' && !/^:[0-9]*$/.test(port)) return null
  const inner = host.slice(1, close)
  const zoneAt = inner.indexOf('%25')
  const address = unescapeHost(zoneAt < 0 ? inner : inner.slice(0, zoneAt))
  const zone = zoneAt < 0 ? '' : unescapeZone(inner.slice(zoneAt))
  if (address === null || zone === null || zone === '%' || !isIPv6(address)) return null
  return `[${address}${zone}]${port}`
}

/** In a host only bytes from 0x80 up, and `%25`, may be escaped; what may stand there by itself was found by running Go. */
function unescapeHost(text: string): string | null {
  if (
    !/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:<>"[\]\u0080-\u00ff]|%[0-9A-Fa-f]{2})*$/.test(text)
  )
    return null
  if (/%(?!25)[0-7]/.test(text)) return null
  return unescapeBytes(text)
}

/** A zone may escape what a host may hold unescaped, and blanks (RFC 6874, and Windows). */
function unescapeZone(text: string): string | null {
  const zone = unescapeAny(text)
  if (zone === null) return null
  return /^%[A-Za-z0-9\-._~!$&'()*+,;=:<>"[\]% \u0080-\u00ff]*$/.test(zone) ? zone : null
}

function unescapeAny(text: string): string | null {
  return /%(?![0-9A-Fa-f]{2})/.test(text) ? null : unescapeBytes(text)
}

function unescapeBytes(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function hasControlByte(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- Go refuses exactly these bytes in an address
  return /[\u0000-\u001f\u007f]/.test(text)
}

function cut(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
