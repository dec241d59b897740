import { isIPv4, isIPv6 } from 'node:net'

/** An address as a number: 32 bits for family 4, 128 for family 6. IPv4-mapped IPv6 addresses are family 4 already. */
export interface IpAddress {
  family: 4 | 6
  value: bigint
}

/** Every address of `family` whose first `prefixLength` bits are those of `value`. */
export interface Cidr extends IpAddress {
  prefixLength: number
}

const BITS = { 4: 32n, 6: 128n } as const
const LOW_32 = 0xffff_ffffn
/** ::ffff:0:0/96 (RFC 4291, 2.5.5.2). */
const MAPPED_HIGH_96 = 0xffffn

/** Reads an address in its text form, with or without a zone (`%eth0`); null for anything else. */
export function parseIpAddress(text: string): IpAddress | null {
  const address = text.replace(/%.*$/s, '')
  if (isIPv4(address)) return { family: 4, value: ipv4Value(address) }
  if (!isIPv6(address)) return null
  const value = ipv6Value(address)
  if (value >> 32n === MAPPED_HIGH_96) return { family: 4, value: value & LOW_32 }
  return { family: 6, value }
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a lone address (all its bits count); null for anything else. Bits behind the prefix are ignored. */
export function parseCidr(text: string): Cidr | null {
  const [addressText = '', lengthText, ...rest] = text.split('/')
  const address = parseIpAddress(addressText)
  if (address === null || addressText.includes('%') || rest.length > 0) return null
  const bits = Number(BITS[address.family])
  if (lengthText === undefined) return { ...address, prefixLength: bits }
  if (!/^\d{1,3}$/.test(lengthText)) return null
  // A CIDR over mapped addresses counts its 96 leading bits, too.
  const isMapped = address.family === 4 && addressText.includes(':')
  const prefixLength = Number(lengthText) - (isMapped ? 96 : 0)
  return prefixLength < 0 || prefixLength > bits ? null : { ...address, prefixLength }
}

export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.family !== address.family) return false
  const hostBits = BITS[cidr.family] - BigInt(cidr.prefixLength)
  return cidr.value >> hostBits === address.value >> hostBits
}

/** The IPv4 address that an IPv6 transition form ends at, or null: NAT64, 6to4, Teredo, SIIT, IPv4-compatible. */
export function embeddedIpv4(address: IpAddress): IpAddress | null {
  if (address.family === 4) return null
  const value = embeddedValue(address.value)
  return value === null ? null : { family: 4, value: value & LOW_32 }
}

function embeddedValue(value: bigint): bigint | null {
  const high96 = value >> 32n
  // 64:ff9b::/96 (RFC 6052) and the local 64:ff9b:1::/48 (RFC 8215).
  if (high96 === 0x64_ff9bn << 64n || value >> 80n === 0x64_ff9b_0001n) return value
  // 2002::/16, 6to4 (RFC 3056): the address follows the prefix.
  if (value >> 112n === 0x2002n) return value >> 80n
  // 2001::/32, Teredo (RFC 4380): the client's address is stored inverted.
  if (value >> 96n === 0x2001_0000n) return ~value
  // ::ffff:0:0:0/96, SIIT (RFC 2765), and ::/96, IPv4-compatible (RFC 4291) but for :: and ::1.
  if (high96 === 0xffff_0000n || (high96 === 0n && value > 1n)) return value
  return null
}

function ipv4Value(address: string): bigint {
  return address.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n)
}

function ipv6Value(address: string): bigint {
  const [head = '', tail] = address.split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const gap = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array.from({ length: gap }, () => 0n), ...after]
  return groups.reduce((value, group) => (value << 16n) | group, 0n)
}

function groupsOf(text: string): bigint[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const ipv4 = ipv4Value(group)
    return [ipv4 >> 16n, ipv4 & 0xffffn]
  })
}
