import type { Registry } from '@prometheus-io/client'
import { createBoundedCache } from '../cache/bounded-cache.ts'
import type { BoundedCache } from '../cache/bounded-cache.ts'
import { gauge } from './catalogued-metrics.ts'
import type { HostLabels } from './host-labels.ts'

const NAMES = [
  'pullgate_ratelimit_limit',
  'pullgate_ratelimit_remaining',
  'pullgate_registry_breaker_state',
  'pullgate_registry_queue_depth',
  'pullgate_registry_paused_until_timestamp_seconds',
] as const

export type HostGaugeName = (typeof NAMES)[number]

interface Shown {
  usedMs: number
  values: Map<HostGaugeName, number>
}

/** A registry that nothing was asked of for so long has no state to show. */
const IDLE_MS = 600_000
const MAX_BYTES = 1_048_576
const SHOWN_BYTES = 400

export interface HostGaugesOptions {
  maxHosts: number
  /** Of counters: at most `maxHosts` have one of their own. */
  labels: Pick<HostLabels, 'hasOwn'>
  /** Milliseconds of any steady clock. */
  now: () => number
}

export interface HostGauges {
  /** Something was asked of it, or would have been. */
  used(host: string): void
  set(host: string, name: HostGaugeName, value: number): void
}

/**
 * Gauges with a value for each registry, shown for those in use: what was last seen of a host that nobody asks any more says
 * nothing of now, and an alert on it would never end. Hosts without a label of their own have places apart from the others,
 * where a newer one displaces the one that is idle longest: names that somebody makes up hide no registry that answered.
 */
export function hostGauges(registry: Registry, options: HostGaugesOptions): HostGauges {
  const labelled = createPlaces(options)
  const others = createPlaces(options)

  function shown(host: string): Shown {
    const known = labelled.get(host) ?? others.get(host)
    const usedMs = options.now()
    const entry = { usedMs, values: known?.values ?? new Map<HostGaugeName, number>() }
    if (!options.labels.hasOwn(host)) others.set(host, entry)
    else {
      labelled.set(host, entry)
      others.delete(host)
    }
    return entry
  }

  for (const name of NAMES)
    gauge(registry, name, function collect() {
      this.reset()
      const oldestMs = options.now() - IDLE_MS
      for (const [host, entry] of [...labelled.entries(), ...others.entries()]) {
        const value = entry.values.get(name)
        if (value !== undefined && entry.usedMs >= oldestMs) this.set({ host }, value)
      }
    })

  return {
    used: (host) => void shown(host),
    set: (host, name, value) => void shown(host).values.set(name, value),
  }
}

function createPlaces({ maxHosts }: HostGaugesOptions): BoundedCache<Shown> {
  return createBoundedCache({
    maxEntries: maxHosts,
    maxBytes: MAX_BYTES,
    sizeOf: () => SHOWN_BYTES,
  })
}
