import type { Registry } from '@prometheus-io/client'
import { OTHER } from './bounded-label.ts'
import { gauge } from './catalogued-metrics.ts'
import type { MetricName } from './metric-catalogue.ts'

/**
 * A gauge with a value for each registry, shown for those that `isCurrent` tells: what was last seen of a host that nobody asks
 * any more says nothing of now, and an alert on it would never end. Hosts that are counted together have no value in common.
 */
export function hostGauge(
  registry: Registry,
  name: MetricName,
  isCurrent: (host: string) => boolean,
): (host: string, value: number) => void {
  const values = new Map<string, number>()
  gauge(registry, name, function collect() {
    this.reset()
    for (const [host, value] of values) if (isCurrent(host)) this.set({ host }, value)
  })
  return (host, value) => {
    if (host !== OTHER) values.set(host, value)
  }
}
