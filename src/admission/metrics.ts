import { Registry } from '@prometheus-io/client'
import type { Decision } from '../policy/decision.ts'
import type { RegistryObserver } from '../registry/registry-observer.ts'
import { boundedLabel } from './bounded-label.ts'
import { counter, gauge, histogram } from './catalogued-metrics.ts'
import { registryCounters } from './registry-metrics.ts'

export interface MetricsOptions {
  /** The running process; null leaves the process metrics out. */
  process: ProcessStats | null
  /** Distinct values of the labels `host` and `namespace` in counters; the rest is counted as `other`. */
  maxHosts?: number
  maxNamespaces?: number
  /** Milliseconds of any steady clock; the process's unless given. */
  now?: () => number
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

/** A warm answer takes half a millisecond, a cold one some round trips, and the API server waits 30 s at most. */
const ADMISSION_BUCKETS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.2, 0.3,
  0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 30,
]
/** All metrics in a registry object of their own. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  const reloads = counter(registry, 'pullgate_config_reloads_total')
  const unjudged = counter(registry, 'pullgate_unjudged_total')
  // A counter that is born with its first event shows no increase, and the event that matters would alert nobody.
  unjudged.inc({ reason: 'internal-error' }, 0)
  for (const result of ['applied', 'refused']) reloads.inc({ result }, 0)
  const expiry = gauge(registry, 'pullgate_certificate_expiry_timestamp_seconds')
  if (options.process !== null) addProcessMetrics(registry, options.process)
  const learned = counter(registry, 'pullgate_node_credentials_learned_total')
  const learnedHost = boundedLabel(options.maxHosts ?? 100)
  const countDecision = decisionCounters(registry, options.maxNamespaces ?? 200)
  return {
    registry,
    observer: registryCounters(registry, {
      maxHosts: options.maxHosts ?? 100,
      now: options.now ?? (() => performance.now()),
    }),
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
    decisions.inc({ action, cause: leadingCause(decision), mode, operation })
    duration.observe({ action }, durationMs / 1000)
    for (const judged of decision.images.flatMap((image) => image.findings))
      findings.inc({ cause: judged.finding.cause, action: judged.action })
    if (decision.enforcing !== 'deny' || action === 'deny') return
    for (const cause of deniedCauses(decision))
      wouldDeny.inc({ mode, cause, namespace: boundedNamespace(namespace) })
  }
}

/** Of the first image that makes the decision what enforcing would make it. */
function leadingCause({ images, enforcing }: Decision): string {
  const image = images.find(({ action }) => action === enforcing)
  return image?.leading?.finding.cause ?? 'none'
}

function deniedCauses({ images }: Decision): Set<string> {
  const denied = images.filter(({ action }) => action === 'deny')
  return new Set(denied.flatMap(({ leading }) => leading?.finding.cause ?? []))
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
