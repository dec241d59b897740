import type { AddressInfo } from 'node:net'
import { buildServer } from '../admission/app.ts'
import type { WebhookServer } from '../admission/app.ts'
import { drain } from '../admission/drain.ts'
import { buildHealthServer } from '../admission/health-app.ts'
import type { Log } from '../admission/log.ts'
import { createMetrics } from '../admission/metrics.ts'
import type { Metrics, MetricsOptions } from '../admission/metrics.ts'
import { createReadiness } from '../admission/readiness.ts'
import type { Readiness } from '../admission/readiness.ts'
import { createReviewer } from '../admission/review.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { watchConfiguration } from '../configuration/watch-configuration.ts'
import { formatProblem } from '../configuration/configuration-problem.ts'
import type { ClusterFacts } from '../prediction/cluster-facts.ts'
import { systemTrouble } from '../text/system-trouble.ts'
import { createLiveEngine } from '../engine/live-engine.ts'
import type { LiveEngine } from '../engine/live-engine.ts'
import type { ConfigurationInForce } from './load-configuration-file.ts'
import type { ServingSource } from './open-serving-certificate.ts'
import { serveTls } from './serve-tls.ts'

export interface ListenAddress {
  host: string
  port: number
}

export interface ServerSetup {
  configuration: ConfigurationInForce
  facts: ClusterFacts
  listen: ListenAddress
  metricsListen: ListenAddress
  certificate: ServingSource
  /** PEM file of the authorities that a client's certificate has to come from; absent or null: everyone is let in. */
  clientCaFile?: string | null
  /** Ends a start that waits for a certificate. */
  signal?: AbortSignal
  /** The namespace of this release; null when it is not known. */
  ownNamespace: string | null
  log: Log
  /** Told of the level of each changed configuration; absent: the level stays. */
  setLogLevel?: (level: Configuration['logLevel']) => void
  process: MetricsOptions['process']
  env: Readonly<Record<string, string | undefined>>
}

export interface RunningServer {
  /** Where reviews are taken, with the port that was really given. */
  address: ListenAddress
  metricsAddress: ListenAddress
  /** PEM of the authority to trust; null when the certificate was given by files. */
  ca: string | null
  /** Says not ready, answers for `graceMs` more, then closes everything. */
  stop(options: { graceMs: number; signal: AbortSignal }): Promise<void>
}

const CONFIGURATION_INTERVAL_MS = 2_000

/** The whole webhook: configuration, engine, HTTPS server and health server. Rejects when it cannot listen. */
export async function startServer(setup: ServerSetup): Promise<RunningServer> {
  const { log } = setup
  const life = new AbortController()
  const metrics = createMetrics({ process: setup.process })
  const engine = await createLiveEngine({
    configuration: setup.configuration.configuration,
    facts: setup.facts,
    observer: {
      ...metrics.observer,
      neverReached: ({ host }) =>
        log.warn(
          { host },
          'a registry was never reachable from here, so its images are let through unverified: check the egress of this webhook, or set skip or an endpoint for it',
        ),
    },
    env: setup.env,
    onFault: (error) => log.error({ err: error }, 'an image could not be judged'),
    onNotice: (notice) => log.info({ notice }, 'node credentials'),
    onNodeCredentialsLearned: (registry) => metrics.nodeCredentialsLearned(registry),
  })
  const readiness = createReadiness({ starting: 'starting' })
  const health = buildHealthServer({
    ready: () => readiness.state(),
    metrics: () => metrics.render(),
    log,
  })
  try {
    return await open({ setup, life, metrics, engine, readiness, health })
  } catch (error) {
    life.abort()
    await health.close()
    await engine.close()
    throw error
  }
}

interface Parts {
  setup: ServerSetup
  life: AbortController
  metrics: Metrics
  engine: LiveEngine
  readiness: Readiness
  health: ReturnType<typeof buildHealthServer>
}

/** The health server comes first: a certificate may have to be waited for, and the wait is to be seen. */
async function open(parts: Parts): Promise<RunningServer> {
  const { setup, life, metrics, engine, readiness, health } = parts
  const { log } = setup
  const metricsAddress = await listen(health, '--metrics-listen', setup.metricsListen)
  const tls = await serveTls({
    certificate: setup.certificate,
    clientCaFile: setup.clientCaFile ?? null,
    metrics,
    readiness,
    log,
    now: Date.now,
    signal: AbortSignal.any([
      life.signal,
      ...(setup.signal === undefined ? [] : [setup.signal]),
    ]),
  })
  let draining = false
  const server = buildServer({
    https: tls.first,
    log,
    draining: () => draining,
    review: createReviewer({
      configuration: () => engine.configuration(),
      predictor: engine.predictor,
      cluster: setup.facts,
      ownNamespace: setup.ownNamespace,
      metrics,
      log,
      now: () => performance.now(),
    }),
  })
  tls.follow(server)
  readiness.watch('certificate', () => tls.fault())
  followConfiguration(setup, { engine, metrics, signal: life.signal })
  const address = await listen(server, '--listen', setup.listen)
  readiness.set('starting', null)
  return {
    address,
    metricsAddress,
    ca: tls.ca,
    async stop({ graceMs, signal }) {
      draining = true
      await drain({ readiness, servers: [server, health], graceMs, signal, log })
      life.abort()
      await engine.close()
    },
  }
}

function followConfiguration(
  { configuration: { file, text }, log, setLogLevel }: ServerSetup,
  parts: { engine: LiveEngine; metrics: Metrics; signal: AbortSignal },
): void {
  if (file === null) return
  const { engine, metrics, signal } = parts
  watchConfiguration({
    file,
    text,
    intervalMs: CONFIGURATION_INTERVAL_MS,
    signal,
    async onChange(configuration) {
      // A rejection is told through onProblem, and the old configuration stays.
      await engine.apply(configuration)
      metrics.configurationReloaded('applied')
      const { mode, logLevel } = configuration
      log.info({ file, mode, logLevel }, 'a changed configuration is in force')
      setLogLevel?.(logLevel)
    },
    onProblem(problems) {
      metrics.configurationReloaded('refused')
      log.error(
        { file, problems: problems.map(formatProblem) },
        'a changed configuration cannot be used; the old one stays in force',
      )
    },
  })
}

/** As in a URL: an IPv6 address stands in brackets. */
export function hostAndPort({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function listen(
  server: WebhookServer | ReturnType<typeof buildHealthServer>,
  option: string,
  { host, port }: ListenAddress,
): Promise<ListenAddress> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    throw new Error(
      `cannot listen on ${hostAndPort({ host, port })} (${option}): ${systemTrouble(error)}`,
      { cause: error },
    )
  }
  const address: AddressInfo | string | null = server.server.address()
  if (address === null || typeof address === 'string') return { host, port }
  return { host: address.address, port: address.port }
}
