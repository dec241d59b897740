/** A host as hosts.toml or the defaults describe it, before any file that it names is read. */
export interface HostConfig {
  scheme: 'https' | 'http'
  /** `host[:port]` as written. */
  host: string
  /** Put before `/v2`: empty, or with a leading and without a trailing slash. */
  prefix: string
  apiPath: '/v2' | ''
  capabilities: { resolve: boolean; pull: boolean }
  /** Files of TLS; null where none are named, which is not the same as an empty list. */
  caFiles: string[] | null
  /** Certificate and key; one file for both has the same name twice. */
  clientPairs: { cert: string; key: string }[] | null
  skipVerify: boolean | null
  headers: Record<string, string>
}

/** The address part of a host, of which containerd takes scheme, host and path. */
export type HostAddress = Pick<HostConfig, 'scheme' | 'host' | 'prefix' | 'apiPath'>

/** Everything but the address: what a hosts.toml without `server` says of the registry itself. */
export type HostOptions = Omit<HostConfig, keyof HostAddress>

export const noOptions: HostOptions = {
  capabilities: { resolve: true, pull: true },
  caFiles: null,
  clientPairs: null,
  skipVerify: null,
  headers: {},
}

/**
 * Reads `https://mirror.acme.test:5000/prefix` or the same without a scheme (then https), as containerd's parseHostConfig: the path is
 * cleaned and `/v2` is added unless it ends so or `overridePath` is set. User info, query and fragment are dropped. Null for what is no
 * address with an http or https scheme.
 */
export function parseHostAddress(
  text: string,
  overridePath: boolean,
): HostAddress | null {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
  const parts = /^(https?):\/\/(?:[^/?#]*@)?([^/?#@\s\\]+)([^?#]*)/i.exec(absolute)
  const [, scheme = '', host = '', rawPath = ''] = parts ?? []
  if (parts === null || !URL.canParse(`${scheme}://${host}`)) return null
  const path = cleanPath(rawPath)
  const address = {
    scheme: scheme.toLowerCase() === 'http' ? 'http' : 'https',
    host,
  } as const
  if (overridePath) return { ...address, prefix: path, apiPath: '' }
  return { ...address, prefix: path.replace(/\/v2$/, ''), apiPath: '/v2' }
}

/** Go's path.Clean, with nothing for the root. */
function cleanPath(path: string): string {
  const kept: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') kept.pop()
    else if (part !== '' && part !== '.') kept.push(part)
  }
  return kept.length === 0 ? '' : `/${kept.join('/')}`
}
