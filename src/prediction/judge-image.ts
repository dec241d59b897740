import { matchKeyrings } from '../credentials/keyring.ts'
import type { Keyring } from '../credentials/keyring.ts'
import type { ReferenceRemark } from '../reference/diagnose-valid-reference.ts'
import type { NamedReference } from '../reference/named-references.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import { InvalidImageName } from '../reference/invalid-image-name.ts'
import { firstMatchingGlob } from '../text/glob.ts'
import { imagePlaceholderReason } from '../workload/image-placeholder.ts'
import type { ImageUse, Workload } from '../workload/workload.ts'
import type { NodeFacts } from './cluster-facts.ts'
import { describeAttempts } from './explain/describe-attempt.ts'
import { explainInvalidName } from './explain/explain-name.ts'
import { explainNeverPulled } from './explain/explain-never-pulled.ts'
import { explainNotAllowed } from './explain/explain-not-allowed.ts'
import { explainTried } from './explain/explain-tried.ts'
import type { ExplainOptions } from './explain/explain-options.ts'
import type { Finding } from './finding.ts'
import type { CachedLookup } from './lookups/lookup-cache.ts'
import type { ImagePrediction } from './prediction.ts'
import type { PredictionSettings } from './prediction-settings.ts'
import type { PullCredentials } from './pull-secrets/pull-credentials.ts'
import { tryCredentials } from './lookups/try-credentials.ts'
import type { TriedCredential } from './lookups/try-credentials.ts'

/** What all images of one object share while they are judged. */
export interface JudgeContext extends Omit<
  ExplainOptions,
  'tried' | 'use' | 'reference' | 'remarks'
> {
  workload: Workload
  /** Takes image names apart; throws InvalidImageName. */
  named: (image: string) => NamedReference
  settings: PredictionSettings
  credentials: PullCredentials
  /** Credentials that the nodes add: their docker config, then what credential providers say about the image. */
  nodeKeyrings: (image: string, signal: AbortSignal) => Promise<Keyring[]>
  lookups: CachedLookup
  /** Nodes the Pod may land on; empty where they are not known. */
  eligibleNodes: () => Promise<readonly NodeFacts[]>
  signal: AbortSignal
}

/**
 * One image from its spelling to its findings, in the order in which the kubelet would come upon them: the name, the pull
 * policy, the credentials, the registry's answers (pull-semantics 0.5). Findings still lack their doubts.
 */
export async function judgeImage(
  use: ImageUse,
  context: JudgeContext,
): Promise<ImagePrediction> {
  const parsed = readName(use, context)
  if ('findings' in parsed) {
    const { findings, ...rest } = parsed
    return { ...prediction(use, null, findings), ...rest }
  }
  const { reference, remarks, repository } = parsed
  const early = judgeWithoutLookup(use, reference, remarks, context)
  if (early !== null) return prediction(use, reference, await early)
  if (context.credentials.malformed !== null) {
    return prediction(use, reference, [context.credentials.malformed])
  }
  const wanted = context.wantedPlatforms()
  // Nodes are listed while the registry is asked; whoever needs them later meets the fault.
  wanted.catch(() => {})
  const { settings, thorough = false } = context
  const tried = await tryCredentials({
    lookups: context.lookups,
    reference,
    // Pull secrets first, then what the nodes have (pull-semantics 3.4). Empty credentials make an anonymous attempt.
    matches: context.credentials.keyring.match(repository),
    more: async () =>
      matchKeyrings(await context.nodeKeyrings(repository, context.signal), repository),
    // One more request for each entry of a new index that serves the nodes.
    platforms:
      settings.verifyIndexes || thorough
        ? (await wanted).platforms.map((each) => each.platform)
        : [],
    signal: context.signal,
  })
  const explained = await explainTried({ ...context, tried, use, reference, remarks })
  return {
    ...prediction(use, reference, explained.findings),
    digest: explained.digest,
    ...(thorough ? { platforms: explained.platforms } : {}),
    ...(tried.some(isProvisional) ? { provisional: true } : {}),
    attempts: describeAttempts(tried),
  }
}

function isProvisional({ result }: TriedCredential): boolean {
  return result.evidence.signlessHost !== undefined
}

function prediction(
  use: ImageUse,
  reference: ImageReference | null,
  findings: Finding[],
): ImagePrediction {
  return { use, reference, digest: reference?.digest ?? null, findings, attempts: [] }
}

function readName(
  use: ImageUse,
  { workload, named }: Pick<JudgeContext, 'workload' | 'named'>,
): NamedReference | Pick<ImagePrediction, 'findings' | 'filledInLater'> {
  const placeholder = imagePlaceholderReason(workload, use)
  if (placeholder !== null) {
    const findings = use.image === 'auto' ? [] : [later(placeholder)]
    return { findings, filledInLater: true }
  }
  try {
    return named(use.image)
  } catch (error) {
    if (!(error instanceof InvalidImageName)) throw error
    return { findings: [explainInvalidName(error, use.image)] }
  }
}

/** The image string is not the final one, so nothing can be said about it. */
function later(reason: string): Finding {
  return {
    cause: 'Unverified',
    certainty: 'uncertain',
    message: `${reason} It was not looked up.`,
    advice: null,
    doubts: [],
  }
}

/** Verdicts that need no registry; null when one has to be asked. */
function judgeWithoutLookup(
  use: ImageUse,
  reference: ImageReference,
  remarks: readonly ReferenceRemark[],
  { settings, eligibleNodes, thorough = false }: JudgeContext,
): Finding[] | Promise<Finding[]> | null {
  const preloaded = firstMatchingGlob(
    settings.preloadedImages,
    use.image,
    reference.pullReference,
  )
  if (preloaded !== null && use.pullPolicy !== 'Always') return []
  if (use.pullPolicy === 'Never')
    return eligibleNodes().then((nodes) => explainNeverPulled(reference, nodes, thorough))
  if (settings.registrySettings(reference.registry).skip) return []
  const notAllowed = explainNotAllowed(reference.registry, settings)
  if (notAllowed !== null) return [notAllowed]
  const port = remarks.find(({ remark }) => remark === 'port-out-of-range')
  if (port !== undefined) return [badPort(reference)]
  if (remarks.some(({ remark }) => remark === 'loopback')) return [loopback(reference)]
  return null
}

/** Catalogue row 11. */
function badPort({ registry }: ImageReference): Finding {
  return {
    cause: 'InvalidRegistryPort',
    certainty: 'certain',
    message: `The port of ${registry} is greater than 65535, so no node can connect to it.`,
    advice: 'Correct the port of the registry.',
    doubts: [],
  }
}

/** Catalogue row 50: judged by spelling alone. */
function loopback({ registry }: ImageReference): Finding {
  return {
    cause: 'LoopbackRegistry',
    certainty: 'uncertain',
    message: `${registry} is each node's own localhost, which cannot be seen from here.`,
    advice: null,
    doubts: [],
  }
}
