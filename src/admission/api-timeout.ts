const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
/** `timeoutSeconds` of a webhook is 30 at most (Kubernetes, ValidatingWebhook v1). */
const MAX_MS = 30_000
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y

/**
 * The `timeout` that the API server puts into the query of every webhook call, a Go duration such as `5s` or `1m30s`
 * (https://pkg.go.dev/time#ParseDuration), in milliseconds. null when it is absent, not positive or not a duration: the
 * caller then uses its own deadline. More than the API server ever waits counts as its 30 s.
 */
export function parseApiTimeoutMs(text: unknown): number | null {
  if (typeof text !== 'string' || text.length === 0 || text.length > 32) return null
  let totalMs = 0
  PART.lastIndex = 0
  while (PART.lastIndex < text.length) {
    const [, amount, unit] = PART.exec(text) ?? []
    if (amount === undefined || unit === undefined) return null
    totalMs += Number(amount) * (UNIT_MS[unit] ?? Number.NaN)
  }
  return totalMs > 0 ? Math.min(totalMs, MAX_MS) : null
}
