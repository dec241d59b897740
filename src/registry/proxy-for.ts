import { cidrContains, parseCidr, parseIpAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'

/** Values of HTTP_PROXY, HTTPS_PROXY and NO_PROXY (or their lower-case namesakes); null or empty when unset. May hold credentials. */
export interface ProxySettings {
  httpProxy: string | null
  httpsProxy: string | null
  noProxy: string | null
}

interface Target {
  host: string
  port: string
  address: IpAddress | null
}

type Matcher = (target: Target) => boolean

const PROXY_SCHEMES = new Set(['http:', 'https:', 'socks5:'])
const LOOPBACK = [parseCidr('127.0.0.0/8'), parseCidr('::1/128')].filter(
  (c) => c !== null,
)

/**
 * Which proxy a URL goes through, or null for none, as Go's golang.org/x/net/http/httpproxy reads the variables, since that is what
 * containerd does with them: localhost and loopback addresses never, NO_PROXY entries as CIDR, address or domain (with its sub-domains;
 * a leading dot means sub-domains alone), each with an optional port, `*` for all. A value that is no address is ignored.
 */
export function createProxyFor(settings: ProxySettings): (url: URL) => URL | null {
  const httpProxy = parseProxy(settings.httpProxy ?? '')
  const httpsProxy = parseProxy(settings.httpsProxy ?? '')
  const matchers = (settings.noProxy ?? '').split(',').map(matcherOf)

  return (url) => {
    const proxy = url.protocol === 'https:' ? httpsProxy : httpProxy
    if (proxy === null) return null
    const target = targetOf(url)
    if (target.host === 'localhost' || isLoopback(target.address)) return null
    return matchers.some((matches) => matches(target)) ? null : proxy
  }
}

/** A host without a scheme is an HTTP proxy; one with a scheme that is not known is none. */
function parseProxy(value: string): URL | null {
  const text = value.trim()
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  return url !== null && PROXY_SCHEMES.has(url.protocol) ? url : null
}

function targetOf(url: URL): Target {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return { host, port, address: parseIpAddress(host) }
}

function isLoopback(address: IpAddress | null): boolean {
  return address !== null && LOOPBACK.some((cidr) => cidrContains(cidr, address))
}

function matcherOf(entry: string): Matcher {
  const text = entry.trim().toLowerCase()
  if (text === '') return () => false
  if (text === '*') return () => true
  const cidr = text.includes('/') ? parseCidr(text) : null
  if (cidr !== null)
    return ({ address }) => address !== null && cidrContains(cidr, address)
  const { host, port } = splitPort(text)
  const isPort = (target: Target): boolean => port === '' || port === target.port
  const ip = parseIpAddress(host)
  if (ip !== null) {
    return (target) =>
      target.address?.family === ip.family &&
      target.address.value === ip.value &&
      isPort(target)
  }
  if (host === '' || host === '*.') return () => false
  return domainMatcher(host, isPort)
}

function domainMatcher(entry: string, isPort: (target: Target) => boolean): Matcher {
  const host = entry.startsWith('*.') ? entry.slice(1) : entry
  const suffix = host.startsWith('.') ? host : `.${host}`
  return (target) =>
    (target.host.endsWith(suffix) || target.host === host) && isPort(target)
}

/** `host:port` and `[v6]:port`; a bare IPv6 address has no port. */
function splitPort(text: string): { host: string; port: string } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? '' }
  const parts = text.split(':')
  if (parts.length !== 2) return { host: text, port: '' }
  return { host: parts[0] ?? '', port: parts[1] ?? '' }
}
