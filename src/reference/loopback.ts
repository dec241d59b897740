/**
 * Whether a registry is each node's own by its spelling alone: `localhost`, a name below it, 127/8, `[::1]` and the unspecified
 * addresses, with or without a port. DNS is not asked (failure catalogue row 50: refers to each node's own localhost).
 */
export function isLoopbackRegistry(registry: string): boolean {
  const host = registry.replace(/:[0-9]+$/, '').toLowerCase()
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  if (host.startsWith('[')) return isLoopbackIPv6(host.slice(1, -1))
  // 127.1 and 0 are spelled so for resolvers that still read short forms; taking them for loopback only ever spares a denial.
  return /^(?:127(?:\.[0-9]{1,3}){1,3}|0(?:\.0){0,3})$/.test(host)
}

/** `::1`, `::` and IPv4-mapped 127/8 in any spelling that the grammar allows: hexadecimal groups and colons. */
function isLoopbackIPv6(address: string): boolean {
  if (!/^[0-9a-f:]*$/.test(address) || address.length > 39) return false
  const significant = address
    .split(':')
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .filter((group) => group !== '' && group !== '0')
  const [first = '', second = '', ...rest] = significant
  if (first === '') return address.includes('::') || address.split(':').length === 8
  if (second === '') return first === '1' && /(?:^|:)0*1$/.test(address)
  return first === 'ffff' && /^7f[0-9a-f]{2}$/.test(second) && rest.length <= 1
}
