import type { Keyring } from '../credentials/keyring.ts'
import type { ImagePlatformReader, RegistryClient } from '../registry/lookup.ts'
import type { ImageUse, Workload } from '../workload/workload.ts'
import { causeCodes, causes } from './causes.ts'
import type { Aspect } from './causes.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import { doubtsAbout, leftToNodes } from './doubts/doubts.ts'
import type { DoubtFacts } from './doubts/doubts.ts'
import type { Finding } from './finding.ts'
import { gatherDoubtFacts } from './doubts/gather-doubts.ts'
import type { GatherOptions } from './doubts/gather-doubts.ts'
import { inTime, startLateness } from './in-time.ts'
import { judgeImage } from './judge-image.ts'
import { freshly } from './lookups/lookup-cache.ts'
import type { CachedLookup } from './lookups/lookup-cache.ts'
import { nodeCredentialsOnly } from './node-credentials/node-credentials.ts'
import type {
  EligibleNodes,
  NodeCredentialEvidence,
} from './node-credentials/node-credentials.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import type { ImagePrediction, NodeEvidence } from './prediction.ts'
import { describeAbsence, presenceSigns } from './nodes/presence.ts'
import type { PredictionSettings } from './prediction-settings.ts'
import type { Predictor } from './predictor.ts'
import { resolvePullCredentials } from './pull-secrets/resolve-pull-credentials.ts'
import type { PullCredentials } from './pull-secrets/pull-credentials.ts'
import { viewRuntimes } from './nodes/runtimes.ts'
import { createNodeView } from './nodes/wanted-platforms.ts'
import type { NodeView } from './nodes/wanted-platforms.ts'

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
  /** Milliseconds since 1970. */
  wallClock: () => number
  /** Told of a fault of ours while one image was judged; the image becomes Unverified. */
  onFault: (error: unknown) => void
  /** Also tell of what does no harm yet, such as a pull secret that stands behind another: for reports, not for a deploy. */
  thorough?: boolean
}

/** Reference, credentials, registry and cluster put together. */
export function createPredictor(options: PredictorOptions): Predictor {
  return {
    async predict({ workload, images, signal }) {
      const context = contextOf(workload, signal, options, false)
      // A platform is denied by the nodes of now: one may just have come.
      const lately = once(async () => contextOf(workload, signal, options, true))
      const credentials = (fresh: boolean): (() => Promise<PullCredentials>) =>
        once(() =>
          resolvePullCredentials(workload, {
            facts: options.facts,
            mode: context.settings.secrets,
            read: { fresh, signal },
          }),
        )
      const freshCredentials = credentials(true)
      const fresh = freshly(options.lookups)
      const round = once(async () =>
        roundOf(context, workload, await credentials(false)(), options.lookups),
      )
      const freshRound = once(async () =>
        roundOf(context, workload, await freshCredentials(), fresh),
      )
      const lateRound = once(async () =>
        roundOf(await lately(), workload, await freshCredentials(), fresh),
      )
      const deadline = startLateness(signal)
      try {
        return await Promise.all(
          images.map((use) =>
            inTime(use, deadline, options.onFault, async () => {
              const first = await judgeWithDoubts(use, await round())
              const isAboutContent = restsOnContent(first)
              if (!isAboutContent && !restsOnSecrets(first, (await round()).credentials))
                return first
              // A denial has just read the Secrets it rests on, and what it rests on was found as lately as a not-found would be.
              return judgeWithDoubts(
                use,
                await (isAboutContent ? lateRound() : freshRound()),
              )
            }),
          ),
        )
      } finally {
        deadline.clear()
      }
    },
  }
}

/**
 * Whether a certain finding depends on what a Secret held, or a service account listed, when it was read, perhaps from a short
 * cache.
 */
function restsOnSecrets(
  { findings }: ImagePrediction,
  { factsRead }: PullCredentials,
): boolean {
  return factsRead > 0 && hasCertain(findings, ['secret', 'credential', 'existence'])
}

/** Whether a certain finding depends on what was found under a name that may have moved since it was remembered. */
function restsOnContent({ findings }: ImagePrediction): boolean {
  return hasCertain(findings, ['platform', 'content'])
}

function hasCertain(findings: readonly Finding[], about: readonly Aspect[]): boolean {
  return findings.some(
    ({ cause, certainty }) =>
      certainty === 'certain' && about.includes(causes[cause].aspect),
  )
}

/** What all images of one object share. */
function contextOf(
  workload: Workload,
  signal: AbortSignal,
  {
    settings: currentSettings,
    nodeKeyrings,
    nodeCredentials,
    ...options
  }: PredictorOptions,
  fresh: boolean,
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

type Context = ReturnType<typeof contextOf>

/** All that the images of one object share, made once: with the credentials of that reading and the memory that may answer. */
function roundOf(
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

type Round = ReturnType<typeof roundOf>

async function judgeWithDoubts(use: ImageUse, round: Round): Promise<ImagePrediction> {
  const judged = await judgeImage(use, round)
  const { reference } = judged
  const findings = await Promise.all(
    judged.findings.map((finding) =>
      withDoubts(finding, { ...round, use, finding, reference }),
    ),
  )
  const nodes =
    round.thorough && reference !== null
      ? await nodeEvidence(round.view, reference)
      : null
  return {
    ...judged,
    findings: bySeverity(findings),
    ...(nodes === null ? {} : { nodes }),
  }
}

/** What a report shows of the nodes; null where nothing is known of them. */
async function nodeEvidence(
  view: NodeView,
  reference: ImageReference,
): Promise<NodeEvidence | null> {
  const [wanted, eligible, nodes] = await Promise.all([
    view.wanted(),
    view.eligible(),
    view.nodes(),
  ])
  const total = nodes.status === 'known' ? nodes.value.length : 0
  if (total === 0 && wanted.platforms.length === 0) return null
  return {
    total,
    eligible: eligible.length,
    platforms: wanted.platforms,
    withImage: presenceSigns(reference, eligible, []).nodesWithImage,
  }
}

/** Puts a certain finding to the test. One that there was no time to test is not certain. */
async function withDoubts(finding: Finding, options: GatherOptions): Promise<Finding> {
  if (finding.certainty !== 'certain') return finding
  const known = await gatherDoubtFacts(options)
  const doubts = doubtsAbout(finding, known)
  if (options.signal.aborted) doubts.push('There was no time to look at the cluster.')
  if (doubts.length === 0) return options.thorough ? withAbsence(finding, known) : finding
  const doubtful: Finding = { ...finding, certainty: 'uncertain', doubts }
  const { nodeCredentials } = known
  return leftToNodes(finding, known) && nodeCredentials.kind !== 'none'
    ? nodeCredentialsOnly(doubtful, nodeCredentials)
    : doubtful
}

/** A report says what a denial despite IfNotPresent rests on. */
function withAbsence(finding: Finding, { use, presence }: DoubtFacts): Finding {
  const absence = describeAbsence(presence)
  if (absence === null || use.pullPolicy !== 'IfNotPresent') return finding
  if (causes[finding.cause].aspect === 'name') return finding
  return { ...finding, message: `${finding.message} ${absence}` }
}

/** The order of the catalogue, certain findings of a cause first. */
function bySeverity(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => rank(a) - rank(b))
}

function rank({ cause, certainty }: Finding): number {
  return causeCodes.indexOf(cause) * 2 + (certainty === 'certain' ? 0 : 1)
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => (made ??= make())
}
