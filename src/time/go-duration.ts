const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}
/** Go counts nanoseconds in 64 bits. */
const MAX_MS = 2 ** 63 / 1e6

/**
 * Go's time.ParseDuration (https://pkg.go.dev/time#ParseDuration) in milliseconds, such as `12h`, `1h30m`, `0`, `1.5s`;
 * null for what Go refuses.
 */
export function parseGoDuration(text: string): number | null {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (rest === '0') return 0
  if (rest.length > 100) return null
  let ms = 0
  let at = 0
  const part = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y
  while (at < rest.length) {
    part.lastIndex = at
    const found = part.exec(rest)
    if (found === null) return null
    ms += Number(found[1]) * (UNIT_MS[found[2] ?? ''] ?? Number.NaN)
    at = part.lastIndex
  }
  if (at === 0 || ms >= MAX_MS) return null
  return sign === '-' && ms !== 0 ? -ms : ms
}
