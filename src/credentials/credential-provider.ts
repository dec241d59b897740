import { join } from 'node:path'
import { createBoundedCache, jsonBytes } from '../cache/bounded-cache.ts'
import { valueBefore } from '../time/value-before.ts'
import type { CredentialProvider } from './credential-provider-config.ts'
import {
  decodeProviderResponse,
  encodeProviderRequest,
  type ProviderResponse,
} from './credential-provider-protocol.ts'
import { buildKeyring, type Keyring, type KeyringSource } from './keyring.ts'
import { runPlugin, type PluginResult, type PluginRun } from './run-plugin.ts'
import { parseUrlGlob, urlGlobMatches } from './url-glob.ts'

export interface CredentialProvidersOptions {
  providers: readonly CredentialProvider[]
  /** The folder of the executables, as the kubelet's --image-credential-provider-bin-dir. */
  binDir: string
  /** All that plugins get to see of our environment (such as PATH), besides what the configuration gives them. */
  environment: Readonly<Record<string, string>>
  /** For one run. The kubelet gives a minute, an admission request a few seconds. */
  timeoutMs: number
  /** Monotonic, in ms. */
  now: () => number
  /** Stands in for running an executable. */
  run?: (run: PluginRun) => Promise<PluginResult>
}

export interface ProviderAnswer {
  /** All matching providers together make one keyring, evaluated last. Origins are `credential-provider`. */
  keyring: Keyring
  /** Full sentences: providers that are there for the image and did not answer. What they know stays unknown. */
  doubts: string[]
}

export interface CredentialProviders {
  /** What the nodes' plugins give for an image (registry and repository). Never rejects; `signal` only ends the waiting. */
  answer(image: string, signal: AbortSignal): Promise<ProviderAnswer>
}

type Outcome =
  | { status: 'answered'; entries: ProviderResponse['entries'] }
  | { status: 'failed'; doubt: string }

/** Credentials are small; a plugin that writes more is broken. */
const MAX_OUTPUT_BYTES = 256 * 1024
const MAX_CACHED = 1_000
const MAX_CACHED_BYTES = 8_388_608
/** Processes at once. Images are a tenant's choice, so what is beyond is refused, not queued. */
const MAX_RUNNING = 8
/** A broken plugin is not run again for every container of a deploy. */
const FAILURE_TTL_MS = 30_000

/** Runs the kubelet's credential provider plugins, keeping their answers as the kubelet does. */
export function createCredentialProviders(
  options: CredentialProvidersOptions,
): CredentialProviders {
  const { providers, now } = options
  const cache = createBoundedCache<Outcome>({
    maxEntries: MAX_CACHED,
    maxBytes: MAX_CACHED_BYTES,
    sizeOf: jsonBytes,
    now,
  })
  const running = new Map<string, Promise<Outcome>>()

  function ask(provider: CredentialProvider, image: string): Promise<Outcome> {
    if (provider.needsServiceAccountToken) return Promise.resolve(unsupported(provider))
    for (const type of ['Image', 'Registry', 'Global'] as const) {
      const cached = cache.get(cacheKey(provider, type, image))
      if (cached !== undefined) return Promise.resolve(cached)
    }
    const key = cacheKey(provider, 'Image', image)
    const joined = running.get(key)
    if (joined !== undefined) return joined
    if (running.size >= MAX_RUNNING)
      return Promise.resolve(failure(provider, 'was not run: too many run already'))
    const started = execute(provider, image).finally(() => running.delete(key))
    running.set(key, started)
    return started
  }

  async function execute(provider: CredentialProvider, image: string): Promise<Outcome> {
    const { name, args, env, apiVersion } = provider
    const result = await (options.run ?? runPlugin)({
      file: join(options.binDir, name),
      args,
      env: { ...options.environment, ...env },
      input: encodeProviderRequest(apiVersion, image),
      timeoutMs: options.timeoutMs,
      maxOutputBytes: MAX_OUTPUT_BYTES,
    })
    const response =
      result.status === 'answered'
        ? decodeProviderResponse(result.output, apiVersion)
        : null
    if (response === null) {
      const problem = result.status === 'failed' ? result.problem : 'gave no valid answer'
      return keep(provider, 'Image', image, failure(provider, problem), FAILURE_TTL_MS)
    }
    const ttlMs = response.cacheDurationMs ?? provider.defaultCacheDurationMs
    const outcome: Outcome = { status: 'answered', entries: response.entries }
    return keep(provider, response.cacheKeyType, image, outcome, ttlMs)
  }

  function keep(
    provider: CredentialProvider,
    type: ProviderResponse['cacheKeyType'],
    image: string,
    outcome: Outcome,
    ttlMs: number,
  ): Outcome {
    cache.set(cacheKey(provider, type, image), outcome, ttlMs)
    return outcome
  }

  return {
    async answer(image, signal) {
      const matching = providers.filter((provider) => isFor(provider, image))
      const outcomes = await Promise.all(
        matching.map((provider) =>
          valueBefore(signal, ask(provider, image), () =>
            failure(provider, 'did not answer in time'),
          ),
        ),
      )
      return toAnswer(matching, outcomes)
    },
  }
}

function toAnswer(
  providers: readonly CredentialProvider[],
  outcomes: readonly Outcome[],
): ProviderAnswer {
  const sources: KeyringSource[] = []
  const doubts: string[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const source = providers[index]?.name ?? ''
    if (outcome.status === 'failed') doubts.push(outcome.doubt)
    else sources.push({ kind: 'credential-provider', source, entries: outcome.entries })
  }
  return { keyring: buildKeyring(sources), doubts }
}

function isFor({ matchImages }: CredentialProvider, image: string): boolean {
  const target = parseUrlGlob(image)
  return target !== null && matchImages.some((glob) => urlGlobMatches(glob, target))
}

function cacheKey(
  { name }: CredentialProvider,
  type: ProviderResponse['cacheKeyType'],
  image: string,
): string {
  const scope = { Image: image, Registry: image.split('/')[0] ?? '', Global: '' }[type]
  return `${name} ${type} ${scope}`
}

function unsupported(provider: CredentialProvider): Outcome {
  return failure(
    provider,
    'works with tokens of service accounts (tokenAttributes), which only a kubelet can ask for',
  )
}

function failure({ name }: CredentialProvider, problem: string): Outcome {
  return { status: 'failed', doubt: `The credential provider ${name} ${problem}.` }
}
