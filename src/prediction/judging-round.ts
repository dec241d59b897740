import type { Keyring } from '../credentials/keyring.ts'
import type { ImagePlatformReader } from '../registry/image-platform.ts'
import type { RegistryClient } from '../registry/lookup.ts'
import type { Workload } from '../workload/workload.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import type { JudgeContext } from './judge-image.ts'
import type { CachedLookup } from './lookups/lookup-cache.ts'
import type {
  EligibleNodes,
  NodeCredentialEvidence,
} from './node-credentials/node-credentials.ts'
import { viewRuntimes } from './nodes/runtimes.ts'
import { createNodeView } from './nodes/wanted-platforms.ts'
import type { PredictionSettings } from './prediction-settings.ts'
import type { PullCredentials } from './pull-secrets/pull-credentials.ts'

export interface PredictorOptions {
  facts: ClusterFacts
  client: Pick<RegistryClient, 'tags'> & Partial<ImagePlatformReader>
  lookups: CachedLookup
  /** Read anew for each prediction: the configuration may change while we run. */
  settings: () => PredictionSettings
  /** Credentials that the nodes add for an image, as keyrings tried after the pull secrets. */
  nodeKeyrings: (
    image: string,
    signal: AbortSignal,
    eligible: EligibleNodes,
  ) => Promise<Keyring[]>
  /** What is known about credentials of the nodes for an image (registry and repository). */
  nodeCredentials: (
    image: string,
    signal: AbortSignal,
    eligible: EligibleNodes,
  ) => Promise<NodeCredentialEvidence>
  /**
   * How long the cluster may take for the pull secrets of an object, in milliseconds, so that there is time left to ask registries;
   * null for as long as there is time at all.
   */
  pullSecretsMs: number | null
  /** Monotonic clock of the look-ups, in milliseconds. */
  now: () => number
  /** Milliseconds since 1970. */
  wallClock: () => number
  /** Told of a fault of ours while one image was judged; the image becomes Unverified. */
  onFault: (error: unknown) => void
  /** Also tell of what does no harm yet, such as a pull secret that stands behind another: for reports, not for a deploy. */
  thorough?: boolean
}

/** What all images of one object share. */
export function contextOf(
  workload: Workload,
  signal: AbortSignal,
  {
    settings: currentSettings,
    nodeKeyrings,
    nodeCredentials,
    ...options
  }: PredictorOptions & Pick<JudgeContext, 'named'>,
  { fresh, isHurried }: { fresh: boolean; isHurried: boolean },
) {
  const settings = currentSettings()
  const { facts } = options
  const read = { fresh, signal }
  const view = createNodeView(workload, {
    platforms: settings.platforms,
    nodes: () => facts.nodes(read),
    autoscalerSigns:
      facts.autoscalerSigns === undefined
        ? null
        : async () =>
            (await facts.autoscalerSigns?.(read)) ?? ({ status: 'absent' } as const),
  })
  return {
    ...options,
    fresh,
    isHurried,
    settings,
    signal,
    view,
    nodeKeyrings: (image: string, until: AbortSignal) =>
      nodeKeyrings(image, until, view.eligible),
    nodeCredentials: (image: string, until: AbortSignal) =>
      nodeCredentials(image, until, async () => {
        const eligible = await view.eligible()
        // What a refusal leaves open also depends on nodes that only a taint keeps away now. None at all is not known, though.
        return eligible.length === 0 ? [] : [...eligible, ...(await view.later())]
      }),
  }
}

export type Context = ReturnType<typeof contextOf>

/** All that the images of one object share, made once: with the credentials of that reading and the memory that may answer. */
export function roundOf(
  context: Context,
  workload: Workload,
  credentials: PullCredentials,
  lookups: CachedLookup,
) {
  const { settings, view } = context
  return {
    ...context,
    workload,
    credentials,
    lookups,
    eligibleNodes: view.eligible,
    wantedPlatforms: view.wanted,
    allContainerd21: async () =>
      viewRuntimes(settings.runtimeProfile, await view.eligible()).allContainerd21,
  }
}

export type Round = ReturnType<typeof roundOf>
