import { nameOf } from '../reference/reference-name.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import type { ImageUse, Workload } from '../workload/workload.ts'
import { causes } from './causes.ts'
import type { ClusterFacts, Fact, NodeFacts, PodFacts } from './cluster-facts.ts'
import type { DoubtFacts } from './doubts.ts'
import { eligibleNodes } from './eligible-nodes.ts'
import type { Finding } from './finding.ts'
import { riskyMutators } from './harmless-mutators.ts'
import type { NodeCredentialEvidence } from './node-credentials.ts'
import { imagePresence, notPresent, presenceUnknown } from './presence.ts'
import type { Presence } from './presence.ts'
import type { PredictionSettings } from './prediction-settings.ts'
import type { PullCredentials } from './pull-credentials.ts'
import { viewRuntimes } from './runtimes.ts'

export interface GatherOptions {
  workload: Workload
  use: ImageUse
  reference: ImageReference | null
  finding: Finding
  credentials: PullCredentials
  facts: ClusterFacts
  settings: PredictionSettings
  /** `image` is registry and repository. */
  nodeCredentials: (image: string, signal: AbortSignal) => Promise<NodeCredentialEvidence>
  /** Wall clock, milliseconds since 1970: Namespaces say when they were made. */
  wallClock: () => number
  signal: AbortSignal
}

/** A Namespace younger than this may still wait for the pull secrets of the same apply. */
const YOUNG_NAMESPACE_MS = 300_000

/** Asks the cluster what a certain finding has to stand up to. Only asked when something would be denied. */
export async function gatherDoubtFacts(options: GatherOptions): Promise<DoubtFacts> {
  const { workload, use, reference, finding, credentials, facts, settings, signal } =
    options
  const { aspect } = causes[finding.cause]
  const read = { fresh: false, signal }
  const { namespace } = workload.object
  const aboutCredentials = aspect === 'credential' || aspect === 'secret'
  const [nodes, pods, mutators, home, evidence] = await Promise.all([
    facts.nodes(read),
    reference !== null && use.pullPolicy === 'IfNotPresent'
      ? facts.podsUsingRegistry(reference.registry, read)
      : null,
    workload.form === 'pod' ? null : facts.podMutators(namespace, read),
    aboutCredentials ? facts.namespace(namespace, read) : null,
    aspect === 'credential' && reference !== null
      ? options.nodeCredentials(nameOf(reference), signal)
      : ({ kind: 'none' } as const),
  ])
  const eligible = eligibleNodes(workload.placement, valueOr<NodeFacts[]>(nodes, []))
  const runtimes = viewRuntimes(settings.runtimeProfile, eligible)
  const createdAtMs = home?.status === 'known' ? home.value.createdAtMs : null
  return {
    workload,
    use,
    registry: settings.registrySettings(reference?.registry ?? ''),
    presence: presenceOf(reference, nodes, eligible, pods),
    mutators:
      mutators === null
        ? { known: true, names: [] }
        : mutators.status === 'unknown'
          ? { known: false, reason: mutators.reason }
          : {
              known: true,
              names: riskyMutators(valueOr(mutators, []), settings.harmlessMutators),
            },
    foreignRuntime: runtimes.foreign,
    youngNamespace:
      createdAtMs !== null && options.wallClock() - createdAtMs < YOUNG_NAMESPACE_MS,
    missingReference: credentials.missingReference,
    unreadSecrets: credentials.unread,
    secretMatched:
      reference !== null && credentials.keyring.match(nameOf(reference)).length > 0,
    nodeCredentials: evidence,
  }
}

function presenceOf(
  reference: ImageReference | null,
  nodes: Fact<NodeFacts[]>,
  eligible: readonly NodeFacts[],
  pods: Fact<PodFacts[]> | null,
): Presence {
  if (reference === null || pods === null) return notPresent
  if (nodes.status === 'unknown') return presenceUnknown(nodes.reason)
  if (pods.status === 'unknown') return presenceUnknown(pods.reason)
  return imagePresence(reference, eligible, valueOr(pods, []))
}

function valueOr<T>(fact: Fact<T>, otherwise: T): T {
  return fact.status === 'known' ? fact.value : otherwise
}
