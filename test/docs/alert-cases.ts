/** Series in the notation of promtool: a value a minute, `0+2x10` counts up by two. */
type Series = Readonly<Record<string, string>>

export interface AlertCase {
  alert: string
  firing: Series
  /** What comes close, and is no reason. */
  quiet: Series
  /** In minutes from the first value. */
  at: number
  labels?: Readonly<Record<string, string>>
}

const WEEK = 7 * 24 * 3600

/** One line each of what an alert is for, by values as /metrics would have shown them over time. */
export const alertCases: readonly AlertCase[] = [
  {
    alert: 'PullgateAbsent',
    firing: {},
    quiet: { 'pullgate_certificate_expiry_timestamp_seconds{pod="a"}': '9e9x20' },
    at: 15,
  },
  {
    alert: 'PullgateInternalErrors',
    firing: { 'pullgate_unjudged_total{reason="internal-error",pod="a"}': '0x10 1x10' },
    quiet: {
      'pullgate_unjudged_total{reason="internal-error",pod="a"}': '3x20',
      'pullgate_unjudged_total{reason="namespace",pod="a"}': '0+5x20',
    },
    at: 15,
  },
  {
    alert: 'PullgateSlow',
    firing: {
      'pullgate_admission_duration_seconds_bucket{action="warn",le="2.5",pod="a"}':
        '0+10x30',
      'pullgate_admission_duration_seconds_bucket{action="warn",le="5",pod="a"}':
        '0+20x30',
      'pullgate_admission_duration_seconds_bucket{action="warn",le="+Inf",pod="a"}':
        '0+20x30',
    },
    quiet: {
      'pullgate_admission_duration_seconds_bucket{action="warn",le="2.5",pod="a"}':
        '0+1000x30',
      'pullgate_admission_duration_seconds_bucket{action="warn",le="5",pod="a"}':
        '0+1001x30',
      'pullgate_admission_duration_seconds_bucket{action="warn",le="+Inf",pod="a"}':
        '0+1001x30',
    },
    at: 25,
  },
  {
    alert: 'PullgateRegistryDown',
    firing: {
      // A host that hangs: every other look finds the probe under way.
      'pullgate_registry_breaker_state{host="r.test",pod="a"}':
        '2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1',
      'pullgate_registry_breaker_state{host="r.test",pod="b"}': '0x30',
    },
    quiet: {
      'pullgate_registry_breaker_state{host="r.test",pod="a"}': '2x5 0x25',
      'pullgate_registry_breaker_state{host="s.test",pod="a"}': '0x30',
    },
    at: 20,
    labels: { host: 'r.test' },
  },
  {
    alert: 'PullgateRegistryPaused',
    firing: {
      // Told to wait for 20 seconds, again and again: each look finds a pause that is over.
      'pullgate_registry_paused_until_timestamp_seconds{host="r.test",pod="a"}':
        '-30+60x30',
    },
    quiet: {
      'pullgate_registry_paused_until_timestamp_seconds{host="r.test",pod="a"}': '100x30',
    },
    at: 20,
    labels: { host: 'r.test' },
  },
  {
    alert: 'PullgateQuotaLow',
    firing: {
      'pullgate_ratelimit_remaining{host="r.test",pod="a"}': '9x10',
      'pullgate_ratelimit_limit{host="r.test",pod="a"}': '100x10',
    },
    quiet: {
      'pullgate_ratelimit_remaining{host="r.test",pod="a"}': '9x10',
      'pullgate_ratelimit_limit{host="r.test",pod="a"}': '20x10',
    },
    at: 8,
    labels: { host: 'r.test' },
  },
  {
    alert: 'PullgateImagesUnverified',
    firing: {
      'pullgate_registry_spared_total{host="r.test",reason="down",pod="a"}': '0+70x30',
    },
    quiet: {
      'pullgate_registry_spared_total{host="r.test",reason="down",pod="a"}': '0+50x30',
    },
    at: 20,
    labels: { host: 'r.test', reason: 'down' },
  },
  {
    alert: 'PullgateQueueLong',
    firing: { 'pullgate_registry_queue_depth{host="r.test",pod="a"}': '501x10' },
    quiet: { 'pullgate_registry_queue_depth{host="r.test",pod="a"}': '600x3 10x7' },
    at: 8,
    labels: { host: 'r.test' },
  },
  {
    alert: 'PullgateCertificateEnds',
    firing: {
      'pullgate_certificate_expiry_timestamp_seconds{pod="a"}': `${WEEK - 60}x80`,
    },
    // Before there is a certificate it is 0: /readyz says that.
    quiet: {
      'pullgate_certificate_expiry_timestamp_seconds{pod="a"}': `${2 * WEEK}x80`,
      'pullgate_certificate_expiry_timestamp_seconds{pod="b"}': '0x80',
    },
    at: 70,
    labels: { pod: 'a' },
  },
  {
    alert: 'PullgateConfigurationRefused',
    firing: { 'pullgate_config_reloads_total{result="refused",pod="a"}': '0x10 1x10' },
    quiet: {
      'pullgate_config_reloads_total{result="refused",pod="a"}': '1x20',
      'pullgate_config_reloads_total{result="applied",pod="a"}': '0+1x20',
    },
    at: 15,
  },
]
