import type { Registry } from '@prometheus-io/client'
import { STATUS_CODES } from '../http/status-codes.ts'
import type { BreakerState } from '../registry/circuit-breaker.ts'
import type { RegistryObserver } from '../registry/registry-observer.ts'
import { printable } from '../text/printable.ts'
import { counter, histogram } from './catalogued-metrics.ts'
import { hostGauges } from './host-gauges.ts'
import type { HostGaugeName } from './host-gauges.ts'
import { createHostLabels } from './host-labels.ts'

/** A registry in the cluster answers in milliseconds, one far away in hundreds. */
const REQUEST_BUCKETS = [
  0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = {
  closed: 0,
  'half-open': 1,
  open: 2,
}

/** As long as DNS allows. */
const MAX_NAME = 253

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
  const labels = createHostLabels(maxHosts)
  const gauges = hostGauges(registry, { maxHosts, labels, now })
  const requests = counter(registry, 'pullgate_registry_requests_total')
  const spared = counter(registry, 'pullgate_registry_spared_total')
  const uses = counter(registry, 'pullgate_cache_requests_total')
  const refused = counter(registry, 'pullgate_guard_refused_total')
  const unchecked = counter(registry, 'pullgate_guard_unchecked_total')
  const duration = histogram(
    registry,
    'pullgate_registry_request_duration_seconds',
    REQUEST_BUCKETS,
  )

  /** Its label in counters. */
  function used(host: string): string {
    const name = printable(host, MAX_NAME)
    gauges.used(name)
    return labels.of(name)
  }

  function show(host: string, name: HostGaugeName, value: number): void {
    gauges.set(printable(host, MAX_NAME), name, value)
  }

  return {
    request({ host, purpose, status, durationMs }) {
      if (status !== 'error') labels.answered(printable(host, MAX_NAME))
      requests.inc({ host: used(host), purpose, status: boundedStatus(status) })
      duration.observe({ purpose }, durationMs / 1000)
    },
    rateLimit({ host, rateLimit }) {
      show(host, 'pullgate_ratelimit_limit', rateLimit.limit)
      show(host, 'pullgate_ratelimit_remaining', rateLimit.remaining)
    },
    refusedAddress: () => refused.inc(),
    unguarded: () => unchecked.inc(),
    breaker: ({ host, state }) =>
      show(host, 'pullgate_registry_breaker_state', BREAKER_VALUES[state]),
    queue: ({ host, depth }) => show(host, 'pullgate_registry_queue_depth', depth),
    paused({ host, untilMs }) {
      const until = Math.round(untilMs / 1000)
      show(host, 'pullgate_registry_paused_until_timestamp_seconds', until)
    },
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
