import type { Registry } from '@prometheus-io/client'
import { STATUS_CODES } from '../http/status-codes.ts'
import type { BreakerState } from '../registry/circuit-breaker.ts'
import type { RegistryObserver } from '../registry/registry-observer.ts'
import { boundedLabel } from './bounded-label.ts'
import { counter, histogram } from './catalogued-metrics.ts'
import { hostGauge } from './host-gauge.ts'

/** A registry in the cluster answers in milliseconds, one far away in hundreds. */
const REQUEST_BUCKETS = [
  0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = {
  closed: 0,
  'half-open': 1,
  open: 2,
}

/** A registry that nothing was asked of for so long has no state to show. */
const IDLE_MS = 600_000

export interface RegistryCountersOptions {
  maxHosts: number
  /** Milliseconds of any steady clock. */
  now: () => number
}

/** What is counted of registries: requests, quotas, breakers, queues, and what memory spares them. */
export function registryCounters(
  registry: Registry,
  { maxHosts, now }: RegistryCountersOptions,
): RegistryObserver {
  const lastUse = new Map<string, number>()
  const isCurrent = (host: string): boolean =>
    now() - (lastUse.get(host) ?? Number.NEGATIVE_INFINITY) <= IDLE_MS
  const requests = counter(registry, 'pullgate_registry_requests_total')
  const limit = hostGauge(registry, 'pullgate_ratelimit_limit', isCurrent)
  const remaining = hostGauge(registry, 'pullgate_ratelimit_remaining', isCurrent)
  const breaker = hostGauge(registry, 'pullgate_registry_breaker_state', isCurrent)
  const queue = hostGauge(registry, 'pullgate_registry_queue_depth', isCurrent)
  const paused = hostGauge(
    registry,
    'pullgate_registry_paused_until_timestamp_seconds',
    isCurrent,
  )
  const spared = counter(registry, 'pullgate_registry_spared_total')
  const uses = counter(registry, 'pullgate_cache_requests_total')
  const refused = counter(registry, 'pullgate_guard_refused_total')
  const unchecked = counter(registry, 'pullgate_guard_unchecked_total')
  const duration = histogram(
    registry,
    'pullgate_registry_request_duration_seconds',
    REQUEST_BUCKETS,
  )
  const boundedHost = boundedLabel(maxHosts)

  function used(host: string): string {
    const label = boundedHost(host)
    lastUse.set(label, now())
    return label
  }

  return {
    request({ host, purpose, status, durationMs }) {
      requests.inc({ host: used(host), purpose, status: boundedStatus(status) })
      duration.observe({ purpose }, durationMs / 1000)
    },
    rateLimit({ host, rateLimit }) {
      const label = used(host)
      limit(label, rateLimit.limit)
      remaining(label, rateLimit.remaining)
    },
    refusedAddress: () => refused.inc(),
    unguarded: () => unchecked.inc(),
    breaker: ({ host, state }) => breaker(used(host), BREAKER_VALUES[state]),
    queue: ({ host, depth }) => queue(used(host), depth),
    paused: ({ host, untilMs }) => paused(used(host), Math.round(untilMs / 1000)),
    spared: ({ host, reason }) => spared.inc({ host: used(host), reason }),
    cache: ({ cache, result }) => uses.inc({ cache, result }),
    // A line in the log, once: a number would not say more than the breaker does.
    neverReached() {},
  }
}

/** A registry may answer any of 800 numbers, each a series of its own. */
function boundedStatus(status: string): string {
  return status === 'error' || status in STATUS_CODES ? status : 'other'
}
