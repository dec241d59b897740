import { printable } from '../text/printable.ts'
import type { RateLimit } from './lookup.ts'
import { firstHeader } from './response-headers.ts'

type Headers = Record<string, string | string[] | undefined>

// Longer waits than a day mean the same to everybody.
const MAX_RETRY_AFTER_MS = 86_400_000

/**
 * The quota that Docker Hub announces: `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 99;w=21600`,
 * `docker-ratelimit-source: <address or account>`. Null when either number is missing.
 */
export function parseRateLimit(headers: Headers): RateLimit | null {
  const limit = parseQuota(firstHeader(headers, 'ratelimit-limit'))
  const remaining = parseQuota(firstHeader(headers, 'ratelimit-remaining'))
  if (limit === null || remaining === null) return null
  const source = firstHeader(headers, 'docker-ratelimit-source')
  return {
    limit: limit.count,
    remaining: remaining.count,
    windowSeconds: limit.windowSeconds || remaining.windowSeconds,
    source: source === null ? null : printable(source, 100) || null,
  }
}

function parseQuota(
  text: string | null,
): { count: number; windowSeconds: number } | null {
  const [, count, window] =
    /^\s*(\d{1,12})\s*(?:;\s*w=(\d{1,9})\s*)?(?:$|[;,])/.exec(text ?? '') ?? []
  if (count === undefined) return null
  return { count: Number(count), windowSeconds: Number(window ?? 0) }
}

/** Retry-After in milliseconds from `nowMs` (epoch): seconds or an HTTP date (RFC 9110, 10.2.3); null when absent or unreadable. */
export function parseRetryAfter(headers: Headers, nowMs: number): number | null {
  const text = firstHeader(headers, 'retry-after')?.trim()
  if (text === undefined || text === '') return null
  // Date.parse takes far more than HTTP dates, `-3` for one.
  const isDate = text.endsWith(' GMT')
  const dateMs = isDate ? Date.parse(text) : Number.NaN
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : dateMs - nowMs
  if (Number.isNaN(waitMs)) return null
  return Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS)
}
