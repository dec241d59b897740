import type { RegistrySettings } from '../../registry/registry-settings.ts'
import type { ImageUse, Workload } from '../../workload/workload.ts'
import { causes } from '../causes.ts'
import type { Aspect } from '../causes.ts'
import type { Finding } from '../finding.ts'
import type { NodeCredentialEvidence } from '../node-credentials/node-credentials.ts'
import type { Presence } from '../nodes/presence.ts'

/** Everything that can make a certain finding less than certain, gathered once it is needed. */
export interface DoubtFacts {
  workload: Workload
  use: ImageUse
  registry: RegistrySettings
  presence: Presence
  /** Names of mutating webhooks that may still rewrite Pods of this namespace; or why that is not known. */
  mutators: { known: true; names: string[] } | { known: false; reason: string }
  /** Eligible nodes that do not run containerd, as words such as `3 nodes run cri-o`; null when none or when it is told by configuration. */
  foreignRuntime: string | null
  /** Why pull secrets of the namespace may still be on their way, as a full sentence; null when it is older than five minutes. */
  youngNamespace: string | null
  /** A pull secret or the service account that the object names does not exist (yet). */
  missingReference: string | null
  /** Why pull secrets could not all be read; null when they were. */
  unreadSecrets: string | null
  /** Whether a pull secret of the object matched the image. */
  secretMatched: boolean
  nodeCredentials: NodeCredentialEvidence
}

type Doubt = (facts: DoubtFacts, aspect: Aspect) => string | null

const FROM_REGISTRY: ReadonlySet<Aspect> = new Set([
  'existence',
  'credential',
  'platform',
  'content',
])

/**
 * Why a finding that looks certain from here is not: each reason is a full sentence. Design rule: a denial means that the pull
 * would fail on every node, now; whatever may make it succeed somewhere is a doubt. An invalid name stays certain but for
 * webhooks that may rewrite it.
 */
export function doubtsAbout(finding: Finding, facts: DoubtFacts): string[] {
  const { aspect } = causes[finding.cause]
  return doubts.map((doubt) => doubt(facts, aspect)).filter((reason) => reason !== null)
}

const doubts: readonly Doubt[] = [
  mayBeRewritten,
  behindProxy,
  behindUnknownMirrors,
  withForeignRuntime,
  maybePresent,
  withUnreadSecrets,
  withUnknownPullSettings,
  withNodeCredentials,
  stillBeingCreated,
]

/** A template is not yet a Pod: mutating webhooks may rewrite images or add secrets later. */
function mayBeRewritten({ workload, mutators }: DoubtFacts): string | null {
  if (workload.form === 'pod') return null
  if (!mutators.known) {
    return `Whether a mutating webhook changes the Pods of this template is not known (${mutators.reason}).`
  }
  const [first, ...others] = mutators.names
  if (first === undefined) return null
  const more = others.length > 0 ? ` and ${others.length} more` : ''
  return `The mutating webhook ${first}${more} may still change the image or the pull secrets of the Pods made from this template.`
}

/** A pull-through proxy answers 404 and 401 for troubles of its upstream (pull-semantics 6, Nexus). */
function behindProxy({ registry }: DoubtFacts, aspect: Aspect): string | null {
  if (!registry.proxy || !FROM_REGISTRY.has(aspect)) return null
  return `${registry.host} is a pull-through proxy, whose answers may be those of its upstream.`
}

function behindUnknownMirrors({ registry }: DoubtFacts, aspect: Aspect): string | null {
  if (!registry.mirrored || !FROM_REGISTRY.has(aspect)) return null
  return `Nodes reach ${registry.host} through mirrors that are not known here and may serve the image.`
}

/** Nothing but the name's grammar is the same for every runtime. */
function withForeignRuntime(
  { foreignRuntime }: DoubtFacts,
  aspect: Aspect,
): string | null {
  if (foreignRuntime === null || aspect === 'name') return null
  return `${foreignRuntime}, which may pull differently.`
}

/** With IfNotPresent an image that is already on the node is not pulled (pull-semantics 2.2). */
function maybePresent({ use, presence }: DoubtFacts, aspect: Aspect): string | null {
  if (aspect === 'name' || use.pullPolicy !== 'IfNotPresent') return null
  const { reason, ofPrivateImages } = presence
  return reason !== null && ofPrivateImages !== null && aspect === 'credential'
    ? `${reason} ${ofPrivateImages}`
    : reason
}

/** Secrets that we may not read could open what was refused, and could find what an anonymous look-up does not see. */
function withUnreadSecrets({ unreadSecrets }: DoubtFacts, aspect: Aspect): string | null {
  if (unreadSecrets === null) return null
  if (aspect !== 'credential' && aspect !== 'existence' && aspect !== 'secret')
    return null
  return `Pull secrets could not be read (${unreadSecrets}).`
}

/** A custom resource that only names images does not tell which pull secrets its Pods will have. */
function withUnknownPullSettings(
  { workload }: DoubtFacts,
  aspect: Aspect,
): string | null {
  if (workload.form !== 'strings') return null
  if (aspect !== 'credential' && aspect !== 'existence' && aspect !== 'secret')
    return null
  return `Which pull secrets the Pods of this ${workload.object.kind} will have is not known.`
}

function withNodeCredentials(facts: DoubtFacts, aspect: Aspect): string | null {
  if (aspect !== 'credential') return null
  const evidence = facts.nodeCredentials
  switch (evidence.kind) {
    case 'none':
      return null
    case 'not-looked-for':
      return facts.secretMatched ? null : evidence.reason
    default:
      return evidence.reason
  }
}

/**
 * Whether a refusal is open because nodes evidently have credentials of their own and no pull secret of the object is for the image
 * (catalogue row 39): there is nothing in the object to mend, and whoever pulls with the nodes' credentials can silence the cause.
 */
export function leftToNodes(finding: Finding, facts: DoubtFacts): boolean {
  const { kind } = facts.nodeCredentials
  if (finding.cause !== 'CredentialsRequired' || facts.secretMatched) return false
  return kind !== 'none' && kind !== 'not-looked-for'
}

/** What one apply brings may come in any order: a Pod is judged as it is, a template may be early. */
function stillBeingCreated(facts: DoubtFacts, aspect: Aspect): string | null {
  if (facts.workload.form === 'pod') return null
  const aboutSecrets = aspect === 'credential' || aspect === 'secret'
  // Some registries answer 404 to those who may not see a repository (pull-semantics 6: Nexus, Artifactory).
  if (!aboutSecrets && aspect !== 'existence') return null
  if (facts.missingReference !== null) {
    return `${facts.missingReference} It may be created a moment later.`
  }
  return aboutSecrets ? facts.youngNamespace : null
}
