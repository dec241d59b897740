import { lookup as dnsLookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { cidrContains, embeddedIpv4, parseCidr, parseIpAddress } from './ip-address.ts'
import type { Cidr, IpAddress } from './ip-address.ts'
import type { NetworkSettings } from './registry-settings.ts'

/**
 * Where no registry lives but something that trusts its neighbours may: whoever writes an image name would aim our requests there.
 * Private ranges are not here: registries live in them.
 */
export const refusedByDefault: readonly string[] = [
  '0.0.0.0/8', // "this host" (RFC 1122); Linux connects to itself
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local: metadata of AWS, GCP, Azure, OpenStack, DigitalOcean, Oracle
  '100.100.100.200/32', // metadata of Alibaba Cloud
  '168.63.129.16/32', // host agent of Azure
  '192.0.0.192/32', // metadata of Oracle Cloud Classic
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::/32', // metadata, DNS and time of AWS
  'fd20:ce::254/128', // metadata of GCP
  'fd00:42::42/128', // metadata of Scaleway
]

/** Decides on the address that is connected to, after DNS. */
export interface AddressGuard {
  permits(address: string): boolean
}

/** A name and every address it has now. Rejects as `dns.lookup` does. */
export type ResolveName = (hostname: string) => Promise<LookupAddress[]>

/** Every address of a host was refused; nothing was sent. */
export class AddressRefused extends Error {
  readonly code = 'PULLGATE_ADDRESS_REFUSED'
  override readonly name = 'AddressRefused'
}

export const resolveWithSystem: ResolveName = (hostname) =>
  dnsLookup(hostname, { all: true })

/**
 * The guard of design.md ("The registry host is attacker's input"): the most specific of `allow` and `deny` decides (deny at a tie);
 * where neither speaks, the built-in list. An IPv4 address inside an IPv6 form (mapped, compatible, NAT64, 6to4, Teredo) is judged
 * as itself too. Throws RangeError for a CIDR that is none.
 */
export function createAddressGuard(network: NetworkSettings): AddressGuard {
  const allow = network.allow.map((text) => cidrOf(text, 'network.allow'))
  const deny = network.deny.map((text) => cidrOf(text, 'network.deny'))
  const builtIn = refusedByDefault.map((text) => cidrOf(text, 'the built-in list'))

  function configured(address: IpAddress): boolean | null {
    const allowed = longestPrefix(allow, address)
    const denied = longestPrefix(deny, address)
    return allowed < 0 && denied < 0 ? null : allowed > denied
  }

  return {
    permits(text) {
      const address = parseIpAddress(text)
      if (address === null) return false
      const inner = embeddedIpv4(address)
      const forms = inner === null ? [address] : [address, inner]
      for (const form of forms) {
        const decision = configured(form)
        if (decision !== null) return decision
      }
      return !forms.some((form) => longestPrefix(builtIn, form) >= 0)
    },
  }
}

/**
 * `connect.lookup` for sockets: only permitted addresses are handed on, so what was checked is what is connected to (a second DNS
 * answer is never asked for). `resolving` counts the names that are being looked up, to tell a hanging DNS from a hanging host.
 */
export function guardedLookup(
  guard: AddressGuard | null,
  resolve: ResolveName,
  resolving: Map<string, number>,
): LookupFunction {
  return (hostname, options, callback) => {
    resolving.set(hostname, (resolving.get(hostname) ?? 0) + 1)
    const settle = (error: Error | null, found: LookupAddress[]): void => {
      const others = (resolving.get(hostname) ?? 1) - 1
      if (others > 0) resolving.set(hostname, others)
      else resolving.delete(hostname)
      const permitted = found.filter(({ address }) => guard?.permits(address) ?? true)
      const [first] = permitted
      if (error !== null) callback(error, [])
      else if (first === undefined) callback(refusal(hostname, found), [])
      else if (options.all === true) callback(null, permitted)
      else callback(null, first.address, first.family)
    }
    resolve(hostname).then(
      (found) => settle(null, found),
      (error: unknown) =>
        settle(error instanceof Error ? error : new Error('name resolution failed'), []),
    )
  }
}

function refusal(hostname: string, found: LookupAddress[]): Error {
  if (found.length > 0)
    return new AddressRefused(`every address of ${hostname} is refused`)
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' })
}

function longestPrefix(cidrs: readonly Cidr[], address: IpAddress): number {
  let longest = -1
  for (const cidr of cidrs) {
    if (cidr.prefixLength > longest && cidrContains(cidr, address))
      longest = cidr.prefixLength
  }
  return longest
}

function cidrOf(text: string, field: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === null) throw new RangeError(`${field}: "${text}" is not a CIDR`)
  return cidr
}
