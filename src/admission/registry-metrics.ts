import type { Registry } from '@prometheus-io/client'
import type { BreakerState } from '../registry/circuit-breaker.ts'
import type { RegistryObserver } from '../registry/registry-observer.ts'
import { boundedLabel } from './bounded-label.ts'
import { counter, gauge, histogram } from './catalogued-metrics.ts'

/** A registry in the cluster answers in milliseconds, one far away in hundreds. */
const REQUEST_BUCKETS = [
  0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = {
  closed: 0,
  'half-open': 1,
  open: 2,
}

/** What is counted of registries: requests, quotas, breakers, queues, and what memory spares them. */
export function registryCounters(registry: Registry, maxHosts: number): RegistryObserver {
  const requests = counter(registry, 'pullgate_registry_requests_total')
  const limit = gauge(registry, 'pullgate_ratelimit_limit')
  const remaining = gauge(registry, 'pullgate_ratelimit_remaining')
  const breaker = gauge(registry, 'pullgate_registry_breaker_state')
  const queue = gauge(registry, 'pullgate_registry_queue_depth')
  const paused = gauge(registry, 'pullgate_registry_paused_until_timestamp_seconds')
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
  return {
    request({ host, purpose, status, durationMs }) {
      requests.inc({ host: boundedHost(host), purpose, status })
      duration.observe({ purpose }, durationMs / 1000)
    },
    rateLimit({ host, rateLimit }) {
      const labels = { host: boundedHost(host) }
      limit.set(labels, rateLimit.limit)
      remaining.set(labels, rateLimit.remaining)
    },
    refusedAddress: () => refused.inc(),
    unguarded: () => unchecked.inc(),
    breaker: ({ host, state }) =>
      breaker.set({ host: boundedHost(host) }, BREAKER_VALUES[state]),
    queue: ({ host, depth }) => queue.set({ host: boundedHost(host) }, depth),
    paused: ({ host, untilMs }) =>
      paused.set({ host: boundedHost(host) }, Math.round(untilMs / 1000)),
    spared: ({ host, reason }) => spared.inc({ host: boundedHost(host), reason }),
    cache: ({ cache, result }) => uses.inc({ cache, result }),
    // A line in the log, once: a number would not say more than the breaker does.
    neverReached() {},
  }
}
