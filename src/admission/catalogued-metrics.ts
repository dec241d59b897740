import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client'
import { metricCatalogue, type MetricName } from './metric-catalogue.ts'

type Collect<T> = (this: T) => void

/** Counters, gauges and histograms as the catalogue describes them. */
export function counter(
  registry: Registry,
  name: MetricName,
  collect?: Collect<Counter<string>>,
): Counter<string> {
  return new Counter<string>(configuration(registry, name, collect))
}

export function gauge(
  registry: Registry,
  name: MetricName,
  collect?: Collect<Gauge<string>>,
): Gauge<string> {
  return new Gauge<string>(configuration(registry, name, collect))
}

export function histogram(
  registry: Registry,
  name: MetricName,
  buckets: number[],
): Histogram<string> {
  return new Histogram<string>({ ...configuration(registry, name), buckets })
}

function configuration<T>(registry: Registry, name: MetricName, collect?: Collect<T>) {
  const { help, labels } = metricCatalogue[name]
  return {
    name,
    help,
    labelNames: [...labels] as string[],
    registers: [registry as Registry<'text/plain; version=0.0.4; charset=utf-8'>],
    ...(collect === undefined ? {} : { collect }),
  }
}
