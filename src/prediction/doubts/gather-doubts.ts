import { nameOf } from '../../reference/reference-name.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import type { ImageUse, Workload } from '../../workload/workload.ts'
import { causes } from '../causes.ts'
import type {
  ClusterFacts,
  Fact,
  NamespaceFacts,
  NodeFacts,
  PodFacts,
} from '../cluster-facts.ts'
import type { DoubtFacts } from './doubts.ts'
import type { Finding } from '../finding.ts'
import { riskyMutators } from './harmless-mutators.ts'
import type { NodeCredentialEvidence } from '../node-credentials/node-credentials.ts'
import {
  imagePresence,
  notPresent,
  presenceLater,
  presenceUnknown,
} from '../nodes/presence.ts'
import type { Presence } from '../nodes/presence.ts'
import type { PredictionSettings, RuntimeProfile } from '../prediction-settings.ts'
import type { PullCredentials } from '../pull-secrets/pull-credentials.ts'
import { viewRuntimes } from '../nodes/runtimes.ts'
import type { NodeView } from '../nodes/wanted-platforms.ts'

export interface GatherOptions {
  workload: Workload
  use: ImageUse
  reference: ImageReference | null
  finding: Finding
  credentials: PullCredentials
  facts: ClusterFacts
  view: NodeView
  settings: PredictionSettings
  /** Whether counts of what nodes hold may be told. */
  thorough?: boolean
  /** `image` is registry and repository. */
  nodeCredentials: (image: string, signal: AbortSignal) => Promise<NodeCredentialEvidence>
  /** Wall clock, milliseconds since 1970: Namespaces say when they were made. */
  wallClock: () => number
  signal: AbortSignal
  fresh: boolean
}

/** A Namespace younger than this may still wait for the pull secrets of the same apply. */
const YOUNG_NAMESPACE_MS = 300_000

/** Asks the cluster what a certain finding has to stand up to. Only asked when something would be denied. */
export async function gatherDoubtFacts(options: GatherOptions): Promise<DoubtFacts> {
  const { workload, use, reference, finding, credentials, facts, settings } = options
  const { view, thorough = false, signal } = options
  const { aspect } = causes[finding.cause]
  const read = { fresh: options.fresh, signal }
  const { namespace } = workload.object
  const aboutCredentials = aspect === 'credential' || aspect === 'secret'
  const [nodes, pods, mutators, home, evidence] = await Promise.all([
    view.nodes(),
    reference !== null && use.pullPolicy === 'IfNotPresent'
      ? facts.podsUsingRegistry(reference.registry, read)
      : null,
    workload.form === 'pod' ? null : facts.podMutators(namespace, read),
    aboutCredentials ? facts.namespace(namespace, read) : null,
    aspect === 'credential' && reference !== null
      ? options.nodeCredentials(nameOf(reference), signal)
      : ({ kind: 'none' } as const),
  ])
  const [eligible, later] = await Promise.all([view.eligible(), view.later()])
  const foreignRuntime = foreignRuntimeOf(settings.runtimeProfile, nodes, eligible)
  return {
    workload,
    use,
    registry: settings.registrySettings(reference?.registry ?? ''),
    presence: presenceOf({ reference, nodes, eligible, later, pods, thorough }),
    mutators:
      mutators === null
        ? { known: true, names: [] }
        : mutators.status === 'unknown'
          ? { known: false, reason: mutators.reason }
          : {
              known: true,
              names: riskyMutators(valueOr(mutators, []), settings.harmlessMutators),
            },
    foreignRuntime,
    youngNamespace: home === null ? null : youthOf(home, options.wallClock()),
    missingReference: credentials.missingReference,
    unreadSecrets: credentials.unread,
    secretMatched:
      reference !== null && credentials.keyring.match(nameOf(reference)).length > 0,
    nodeCredentials: evidence,
  }
}

function youthOf(home: Fact<NamespaceFacts>, nowMs: number): string | null {
  if (home.status === 'absent') return null
  const unread = home.status === 'unknown' ? home.reason : home.unread
  if (unread !== undefined)
    return `How old the namespace is, and so whether its pull secrets are all there, is not known (${unread}).`
  if (home.status === 'unknown' || home.value.createdAtMs === null) return null
  return nowMs - home.value.createdAtMs < YOUNG_NAMESPACE_MS
    ? 'The namespace is younger than five minutes: pull secrets may still be on their way.'
    : null
}

/** Where no node is eligible yet, those that an autoscaler brings will be like the others. */
function foreignRuntimeOf(
  profile: RuntimeProfile,
  nodes: Fact<readonly NodeFacts[]>,
  eligible: readonly NodeFacts[],
): string | null {
  if (nodes.status === 'unknown')
    return profile === 'auto'
      ? `Which container runtime the nodes have is not known (${nodes.reason}): they may have another than containerd`
      : null
  const likely = eligible.length > 0 ? eligible : valueOr<readonly NodeFacts[]>(nodes, [])
  return viewRuntimes(profile, likely).foreign
}

function presenceOf({
  reference,
  nodes,
  eligible,
  later,
  pods,
  thorough,
}: {
  reference: ImageReference | null
  nodes: Fact<readonly NodeFacts[]>
  eligible: readonly NodeFacts[]
  later: readonly NodeFacts[]
  pods: Fact<PodFacts[]> | null
  thorough: boolean
}): Presence {
  if (reference === null || pods === null) return notPresent
  if (nodes.status === 'unknown') return presenceUnknown(nodes.reason)
  if (pods.status === 'unknown') return presenceUnknown(pods.reason)
  const found = imagePresence(reference, eligible, valueOr(pods, []), thorough)
  if (found.reason !== null) return found
  return { ...found, reason: presenceLater(reference, later, thorough) }
}

function valueOr<T>(fact: Fact<T>, otherwise: T): T {
  return fact.status === 'known' ? fact.value : otherwise
}
