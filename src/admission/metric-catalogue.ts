export interface MetricDefinition {
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
}

/** Every metric of our own, by name; the documentation is checked against this table. */
export const metricCatalogue = {
  pullgate_decisions_total: {
    type: 'counter',
    help: 'Objects whose images were judged, by what was done, why (the leading cause; none where nothing was found), and in which mode.',
    labels: ['action', 'cause', 'mode', 'operation'],
  },
  pullgate_unjudged_total: {
    type: 'counter',
    help: 'Requests that were let through without judging images, by reason (exemptions and skip annotations included).',
    labels: ['reason'],
  },
  pullgate_findings_total: {
    type: 'counter',
    help: 'Findings about images, by cause and by what enforcing makes of them.',
    labels: ['cause', 'action'],
  },
  pullgate_would_deny_total: {
    type: 'counter',
    help: 'Objects let through in warn or audit mode that enforce would have denied, once for each leading cause.',
    labels: ['mode', 'cause', 'namespace'],
  },
  pullgate_admission_duration_seconds: {
    type: 'histogram',
    help: 'Time from the arrival of a review whose images were judged to its answer, at the deadline too.',
    labels: ['action'],
  },
  pullgate_registry_requests_total: {
    type: 'counter',
    help: 'HTTP exchanges with registries and token services, by status (error: no answer).',
    labels: ['host', 'purpose', 'status'],
  },
  pullgate_registry_request_duration_seconds: {
    type: 'histogram',
    help: 'Time of HTTP exchanges with registries and token services, without the wait for a turn.',
    labels: ['purpose'],
  },
  pullgate_ratelimit_limit: {
    type: 'gauge',
    help: 'Pulls that a registry allows in a window, as last announced.',
    labels: ['host'],
  },
  pullgate_ratelimit_remaining: {
    type: 'gauge',
    help: 'Pulls left as last announced by a registry.',
    labels: ['host'],
  },
  pullgate_registry_breaker_state: {
    type: 'gauge',
    help: 'Whether a registry or token service is asked: 0 yes, 1 one request finds out, 2 left alone after failures.',
    labels: ['host'],
  },
  pullgate_registry_queue_depth: {
    type: 'gauge',
    help: 'Requests that wait for their turn with a registry or token service.',
    labels: ['host'],
  },
  pullgate_registry_paused_until_timestamp_seconds: {
    type: 'gauge',
    help: 'Until when a registry that answered 429 or 503 with Retry-After is left alone (60 seconds at most), in seconds since the epoch.',
    labels: ['host'],
  },
  pullgate_registry_spared_total: {
    type: 'counter',
    help: 'Requests that were not sent, because their host is down, wants a pause (paused), or has too many waiting (queue-full).',
    labels: ['host', 'reason'],
  },
  pullgate_cache_requests_total: {
    type: 'counter',
    help: 'How often something remembered was looked for, and whether it was there.',
    labels: ['cache', 'result'],
  },
  pullgate_node_credentials_learned_total: {
    type: 'counter',
    help: 'How often running Pods without a matching pull secret showed that nodes have credentials of their own for a registry (looked for at most every five minutes).',
    labels: ['host'],
  },
  pullgate_guard_refused_total: {
    type: 'counter',
    help: 'Connections that the guard refused because of the address.',
    labels: [],
  },
  pullgate_guard_unchecked_total: {
    type: 'counter',
    help: 'Requests through an HTTP proxy whose target address could not be checked.',
    labels: [],
  },
  pullgate_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the serving certificate ends, in seconds since the epoch.',
    labels: [],
  },
  pullgate_config_reloads_total: {
    type: 'counter',
    help: 'Configuration files read again while running, by result (applied or refused).',
    labels: ['result'],
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'User and system CPU time of the process.',
    labels: [],
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of the process.',
    labels: [],
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, in seconds since the epoch.',
    labels: [],
  },
  nodejs_heap_size_used_bytes: {
    type: 'gauge',
    help: 'Used JavaScript heap.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>

export type MetricName = keyof typeof metricCatalogue
