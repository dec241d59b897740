import type { Configuration } from '../configuration/configuration.ts'
import type { ClusterFacts } from '../prediction/cluster-facts.ts'
import { createPredictor } from '../prediction/create-predictor.ts'
import { rememberAnswers } from '../prediction/lookups/remember-answers.ts'
import { createLookupCache } from '../prediction/lookups/lookup-cache.ts'
import type { CachedLookup } from '../prediction/lookups/lookup-cache.ts'
import { createPlatformReads } from '../prediction/lookups/platform-reads.ts'
import { createTagsCache } from '../prediction/lookups/tags-cache.ts'
import { createNodeCredentials } from '../prediction/node-credentials/create-node-credentials.ts'
import type { PredictionSettings } from '../prediction/prediction-settings.ts'
import type { Predictor } from '../prediction/predictor.ts'
import { createRegistryClient } from '../registry/create-registry-client.ts'
import type { OriginHealth } from '../registry/origin-health.ts'
import type { ProxySettings } from '../registry/proxy-for.ts'
import { registrySettingsFor } from '../registry/registry-settings-for.ts'
import type { RegistryObserver } from '../registry/registry-observer.ts'
import type { RegistrySettings } from '../registry/registry-settings.ts'
import { createServingHosts, heedServing } from '../registry/serving-hosts.ts'
import { version } from './version.ts'
import { withoutSecrets } from './without-secrets.ts'

export interface EngineOptions {
  configuration: Configuration
  facts: ClusterFacts
  observer: RegistryObserver
  /** Which registries are down or want a pause, and which ever answered, where that shall outlive this engine. */
  health?: OriginHealth
  env: Readonly<Record<string, string | undefined>>
  onFault: (error: unknown) => void
  /** Something about node credentials that an operator should know, one line. */
  onNotice: (notice: string) => void
  /** Also tell of what does no harm yet, such as a pull secret that stands behind another: for reports. */
  thorough?: boolean
  /** For one run of a report: each distinct question is asked once, until the signal fires. */
  oneRun?: { signal: AbortSignal }
  /** Running Pods show that the nodes have credentials of their own for this registry host. */
  onNodeCredentialsLearned?: (registry: string) => void
}

export interface Engine {
  predictor: Predictor
  /** Ends every connection to registries. */
  close(): Promise<void>
}

/** What a registry is asked at a time by a report. As many connections as one origin gets, since each may need two requests. */
const QUESTIONS_PER_REGISTRY = 16
/** What nobody waits for any more: an API server waits 30 s for a webhook at most, whatever `deadline` says. */
const MAX_LOOKUP_MS = 30_000
/** Longer than any object of a report may take. */
const ONE_RUN_WAIT_MS = 600_000
/** An index is some 5 kB, a list of tags 60 kB, anything else less. */
const MAX_REMEMBERED_ANSWERS = 20_000
const MAX_REMEMBERED_BYTES = 67_108_864
/** An API server answers in milliseconds, or is in trouble; most of the time is for registries. */
const PULL_SECRETS_SHARE = 0.25
const MAX_PULL_SECRETS_MS = 1_000
/** Just less than an explanation waits for the tags that may have been meant. */
const TAGS_MS = 900
/** Without its config an image is judged by what else is known of it. */
const PLATFORM_MS = 900

/** Everything behind a prediction for one configuration: the registry client, the cache of look-ups, the nodes' credentials. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { configuration, observer } = options
  const facts =
    configuration.secrets === 'none' ? withoutSecrets(options.facts) : options.facts
  const { registries } = configuration
  const registrySettings = (registry: string): RegistrySettings =>
    registrySettingsFor(registries, registry)
  const servingHosts = createServingHosts()
  const lookupTimeoutMs = Math.min(configuration.deadlineMs, MAX_LOOKUP_MS)
  const direct = createRegistryClient({
    registries,
    hostsDirectory: configuration.hostsDirectory,
    network: configuration.network,
    proxy: proxyOf(options.env),
    observer,
    ...(options.health ? { health: options.health } : {}),
    servingHosts,
    userAgent: `pullgate/${version}`,
    lookupTimeoutMs,
  })
  const client = options.oneRun
    ? rememberAnswers({
        client: direct,
        perRegistry: QUESTIONS_PER_REGISTRY,
        maxEntries: MAX_REMEMBERED_ANSWERS,
        maxBytes: MAX_REMEMBERED_BYTES,
        timeoutMs: configuration.deadlineMs,
        signal: options.oneRun.signal,
      })
    : direct
  const remembered = createLookupCache({
    client,
    now,
    ...configuration.cache,
    // One that waits for its turn has a deadline of its own once it has it.
    lookupTimeoutMs: options.oneRun ? ONE_RUN_WAIT_MS : lookupTimeoutMs,
    random: Math.random,
    onUse: (result) => observer.cache({ cache: 'lookups', result }),
  })
  const lookups: CachedLookup = {
    lookup: async (request) =>
      heedServing(await remembered.lookup(request), servingHosts),
  }
  // A run asks once anyway, and takes its time.
  const lists = options.oneRun
    ? client
    : createTagsCache({
        client,
        now,
        timeoutMs: TAGS_MS,
        onUse: (result) => observer.cache({ cache: 'tags', result }),
      })
  const platforms = options.oneRun
    ? client
    : createPlatformReads({ client, now, timeoutMs: PLATFORM_MS })
  const settings: PredictionSettings = { ...configuration, registrySettings }
  const nodes = await createNodeCredentials({
    settings,
    facts,
    lookups,
    now,
    env: options.env,
    onNotice: options.onNotice,
    ...(options.onNodeCredentialsLearned
      ? { onLearned: options.onNodeCredentialsLearned }
      : {}),
  })
  const predictor = createPredictor({
    facts,
    client: {
      tags: (request) => lists.tags(request),
      imagePlatform: (request, digest) => platforms.imagePlatform(request, digest),
    },
    lookups,
    settings: () => settings,
    nodeKeyrings: nodes.keyrings,
    nodeCredentials: nodes.evidenceFor,
    // A report rather waits for a slow cluster.
    pullSecretsMs: options.oneRun
      ? null
      : Math.min(MAX_PULL_SECRETS_MS, configuration.deadlineMs * PULL_SECRETS_SHARE),
    now,
    wallClock: Date.now,
    onFault: options.onFault,
    thorough: options.thorough ?? false,
  })
  return { predictor, close: () => client.close() }
}

function proxyOf(env: EngineOptions['env']): ProxySettings {
  return {
    httpProxy: firstOf(env.HTTP_PROXY, env.http_proxy),
    httpsProxy: firstOf(env.HTTPS_PROXY, env.https_proxy),
    noProxy: firstOf(env.NO_PROXY, env.no_proxy),
  }
}

/** As Go reads them: the first that is not empty. */
function firstOf(...values: (string | undefined)[]): string | null {
  return values.find((value) => value !== undefined && value !== '') ?? null
}

/** Milliseconds of a clock that never goes back. */
function now(): number {
  return performance.now()
}
