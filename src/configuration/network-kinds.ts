import { isIP } from 'node:net'
import { contactedReference } from '../reference/contacted-reference.ts'
import { parseReference } from '../reference/parse-reference.ts'
import { printable } from '../text/printable.ts'
import { textThat } from './kinds.ts'

/** `host[:port]` exactly as image references have it: the reference grammar itself decides. */
export const registryHost = textThat('host[:port]', (text) => {
  const port = /:(\d+)$/.exec(text)?.[1]
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    return { expected: 'host[:port] with a port from 1 to 65535' }
  }
  const registry = registryOf(text)
  if (registry === text && text !== '') return { value: text }
  // index.docker.io is spelled docker.io by the time that anything is looked up.
  if (registry === 'docker.io' && text.includes('.')) return { expected: '"docker.io"' }
  return {
    expected:
      'host[:port] exactly as in image references, such as registry.acme.io or registry:5000, without scheme, path or wildcard',
  }
})

function registryOf(host: string): string | null {
  if (/[/@]/.test(host)) return null
  try {
    return contactedReference(parseReference(`${host}/image`)).registry
  } catch {
    // InvalidImageName: no image reference can name this host.
    return null
  }
}

/** An http or https origin, without a trailing slash. */
export const endpointUrl = textThat('URL', (text) => {
  const expected =
    'an http or https URL without path, query and credentials, such as https://10.0.0.7:5000'
  const url = URL.parse(text)
  if (!url || !/^https?:\/\/[^/\\?#@\s]+\/?$/i.test(text)) return { expected }
  return url.hostname === '' ? { expected } : { value: url.origin }
})

/** An address block such as 10.0.0.0/8 or fd00::/8; bits behind the prefix are ignored, as Go's ParseCIDR does. */
export const cidr = textThat('CIDR', (text) => {
  const [address = '', prefix = '', ...more] = text.split('/')
  const version = address.includes('%') ? 0 : isIP(address)
  if (version !== 0 && !text.includes('/')) {
    return {
      expected: `a CIDR such as ${printable(address)}/${version === 4 ? 32 : 128}`,
    }
  }
  const isPrefix = /^(?:0|[1-9]\d{0,2})$/.test(prefix)
  const most = version === 4 ? 32 : 128
  if (version === 0 || more.length > 0 || !isPrefix || Number(prefix) > most) {
    return { expected: 'a CIDR such as 10.0.0.0/8 or fd00::/8' }
  }
  return { value: text }
})

/** `os/architecture[/variant]`, as in image indexes: https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export const platform = textThat('os/architecture[/variant]', (text) => {
  if (/^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?$/.test(text)) return { value: text }
  return { expected: 'os/architecture[/variant] such as linux/amd64 or linux/arm/v7' }
})

const SERVICE_ACCOUNT_USER = 'system:serviceaccount:'

/** `namespace:name` of service accounts, or a glob of it. */
export const serviceAccountGlob = textThat('namespace:name glob', (text) => {
  if (text.startsWith(SERVICE_ACCOUNT_USER)) {
    const rest = printable(text.slice(SERVICE_ACCOUNT_USER.length), 80)
    return { expected: `namespace:name alone, "${rest}"` }
  }
  // Without a colon only a star can still match the colon that every name has.
  if (/^\S+$/.test(text) && /[:*]/.test(text)) return { value: text }
  return { expected: 'namespace:name or a glob of it, such as flux-system:*' }
})
