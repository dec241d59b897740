import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { Decision } from '../policy/decision.ts'
import type { BreakerState } from '../registry/circuit-breaker.ts'
import type { RegistryObserver } from '../registry/registry-observer.ts'
import { boundedLabel } from './bounded-label.ts'
import { metricCatalogue, type MetricName } from './metric-catalogue.ts'

export interface MetricsOptions {
  /** The running process; null leaves the process metrics out. */
  process: ProcessStats | null
  /** Distinct values of the labels `host` and `namespace`; the rest is counted as `other`. */
  maxHosts?: number
  maxNamespaces?: number
}

/** What Node's `process` tells about itself. */
export interface ProcessStats {
  cpuUsage(): { user: number; system: number }
  memoryUsage(): { rss: number; heapUsed: number }
  uptime(): number
}

export interface Metrics {
  /** For whoever adds metrics of their own. */
  registry: Registry
  observer: RegistryObserver
  decided(event: {
    decision: Decision
    namespace: string
    operation: string
    durationMs: number
  }): void
  /** A request let through without judging: a PassReason, or `internal-error`. */
  passed(reason: string): void
  /** Pods show that the nodes have credentials of their own for this registry host. */
  nodeCredentialsLearned(registry: string): void
  certificateExpires(notAfterMs: number): void
  configurationReloaded(result: 'applied' | 'refused'): void
  /** The page for Prometheus. */
  render(): Promise<{ contentType: string; body: string }>
}

const ADMISSION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7.5, 10,
  30,
]
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = {
  closed: 0,
  'half-open': 1,
  open: 2,
}

/** All metrics in a registry object of their own. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  const reloads = counter(registry, 'pullgate_config_reloads_total')
  const unjudged = counter(registry, 'pullgate_unjudged_total')
  const expiry = gauge(registry, 'pullgate_certificate_expiry_timestamp_seconds')
  if (options.process !== null) addProcessMetrics(registry, options.process)
  const learned = counter(registry, 'pullgate_node_credentials_learned_total')
  const learnedHost = boundedLabel(options.maxHosts ?? 100)
  const countDecision = decisionCounters(registry, options.maxNamespaces ?? 200)
  return {
    registry,
    observer: registryCounters(registry, options.maxHosts ?? 100),
    decided(event) {
      const { exemption } = event.decision
      if (exemption === null) countDecision(event)
      else unjudged.inc({ reason: exemption.kind })
    },
    passed: (reason) => unjudged.inc({ reason }),
    nodeCredentialsLearned: (host) => learned.inc({ host: learnedHost(host) }),
    certificateExpires: (notAfterMs) => expiry.set(notAfterMs / 1000),
    configurationReloaded: (result) => reloads.inc({ result }),
    async render() {
      return { contentType: registry.contentType, body: await registry.metrics() }
    },
  }
}

function decisionCounters(registry: Registry, maxNamespaces: number): Metrics['decided'] {
  const decisions = counter(registry, 'pullgate_decisions_total')
  const findings = counter(registry, 'pullgate_findings_total')
  const wouldDeny = counter(registry, 'pullgate_would_deny_total')
  const duration = histogram(
    registry,
    'pullgate_admission_duration_seconds',
    ADMISSION_BUCKETS,
  )
  const boundedNamespace = boundedLabel(maxNamespaces)
  return ({ decision, namespace, operation, durationMs }) => {
    const { action, mode } = decision
    decisions.inc({ action, mode, operation })
    duration.observe({ action }, durationMs / 1000)
    for (const judged of decision.images.flatMap((image) => image.findings))
      findings.inc({ cause: judged.finding.cause, action: judged.action })
    if (decision.enforcing !== 'deny' || action === 'deny') return
    for (const cause of deniedCauses(decision))
      wouldDeny.inc({ mode, cause, namespace: boundedNamespace(namespace) })
  }
}

function deniedCauses({ images }: Decision): Set<string> {
  const denied = images.filter(({ action }) => action === 'deny')
  return new Set(denied.flatMap(({ leading }) => leading?.finding.cause ?? []))
}

function registryCounters(registry: Registry, maxHosts: number): RegistryObserver {
  const requests = counter(registry, 'pullgate_registry_requests_total')
  const limit = gauge(registry, 'pullgate_ratelimit_limit')
  const remaining = gauge(registry, 'pullgate_ratelimit_remaining')
  const breaker = gauge(registry, 'pullgate_registry_breaker_state')
  const queue = gauge(registry, 'pullgate_registry_queue_depth')
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
    neverReached() {},
  }
}

/** Few and cheap: the library's own defaults watch the event loop and every garbage collection. */
function addProcessMetrics(registry: Registry, stats: ProcessStats): void {
  let countedSeconds = 0
  counter(registry, 'process_cpu_seconds_total', function collect() {
    const { user, system } = stats.cpuUsage()
    const seconds = (user + system) / 1e6
    this.inc(Math.max(0, seconds - countedSeconds))
    countedSeconds = seconds
  })
  gauge(registry, 'process_resident_memory_bytes', function collect() {
    this.set(stats.memoryUsage().rss)
  })
  gauge(registry, 'nodejs_heap_size_used_bytes', function collect() {
    this.set(stats.memoryUsage().heapUsed)
  })
  const startedSeconds = Date.now() / 1000 - stats.uptime()
  gauge(registry, 'process_start_time_seconds').set(startedSeconds)
}

type Collect<T> = (this: T) => void

function counter(
  registry: Registry,
  name: MetricName,
  collect?: Collect<Counter<string>>,
): Counter<string> {
  return new Counter<string>(configuration(registry, name, collect))
}

function gauge(
  registry: Registry,
  name: MetricName,
  collect?: Collect<Gauge<string>>,
): Gauge<string> {
  return new Gauge<string>(configuration(registry, name, collect))
}

function histogram(
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
