const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const DURATION = /^(?:\d{1,12}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h)){1,8}$/
const PART = /(\d+(?:\.\d+)?)([a-zµ]+)/g

/**
 * Milliseconds, rounded, of a duration in the spelling of Go's time.ParseDuration (https://pkg.go.dev/time#ParseDuration):
 * `8s`, `500ms`, `1m30s`, `1.5h`, and `0` alone without a unit. Without signs. null for everything else.
 */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0
  if (!DURATION.test(text)) return null
  let ms = 0
  for (const [, amount = '', unit = ''] of text.matchAll(PART)) {
    ms += Number(amount) * (UNIT_MS[unit] ?? 0)
  }
  return Math.round(ms)
}
