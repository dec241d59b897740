import type { Credential } from '../../credentials/credential.ts'
import type { ReferenceRemark } from '../../reference/diagnose-valid-reference.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import { nameOf } from '../../reference/reference-name.ts'
import type {
  ManifestNotFound,
  RegistryClient,
  TagsResult,
} from '../../registry/lookup.ts'
import type { Workload } from '../../workload/workload.ts'
import type { ClusterFacts } from '../cluster-facts.ts'
import { explainNotFound } from './explain-not-found.ts'
import type { Finding } from '../finding.ts'
import type { CachedLookup } from '../lookups/lookup-cache.ts'
import type { NodeCredentialEvidence } from '../node-credentials/node-credentials.ts'
import { hintFor } from './spelling-hint.ts'
import { suggestRepositories } from './suggest-repositories.ts'
import { suggestTags } from './suggest-tags.ts'

export interface MissingOptions {
  reference: ImageReference
  remarks: readonly ReferenceRemark[]
  workload: Workload
  facts: Pick<ClusterFacts, 'podsUsingRegistry'>
  lookups: CachedLookup
  client: Pick<RegistryClient, 'tags'>
  /** What is known about credentials of the nodes for an image (registry and repository). */
  nodeCredentials: (image: string, signal: AbortSignal) => Promise<NodeCredentialEvidence>
  signal: AbortSignal
}

/** Suggestions are a courtesy: past this time the verdict goes without, and well before any deadline of the webhook. */
const SUGGESTIONS_TIMEOUT_MS = 1_000
/** Other images taken of an object or namespace, before the near ones are chosen. */
const MAX_SIBLINGS = 100

/**
 * A 404 in words, with the tags or repositories that may have been meant. It stays certain unless nodes may see more than we do: some
 * registries answer 404 to strangers for what they have (pull-semantics 6: "404 is conclusive only after successful authorisation or from
 * an anonymous-readable registry"). A list of tags, or an accepted credential, shows that the repository is open to us.
 */
export async function explainMissing(
  { missing, evidence }: Pick<ManifestNotFound, 'missing' | 'evidence'>,
  credential: Credential | null,
  options: MissingOptions,
): Promise<Finding> {
  const { reference, signal } = options
  const tags = missing === 'repository' ? NO_TAGS : await tagsOf(credential, options)
  const repositoryMissing = missing === 'repository' || tags.outcome === 'no-repository'
  const repositoryExists = tags.outcome === 'listed' && tags.tags.length > 0
  const finding = explainNotFound({
    reference,
    repositoryMissing,
    suggestions:
      tags.outcome === 'listed'
        ? suggestTags(reference.effectiveTag ?? '', tags.tags)
        : [],
    neighbours: repositoryMissing ? await nearRepositories(credential, options) : [],
    hint: hintFor(options.remarks, { repositoryExists }),
  })
  if (tags.outcome === 'listed' && tags.tags.includes(reference.effectiveTag ?? '')) {
    return listedAllTheSame(finding, reference)
  }
  if (evidence.unsigned && tags.outcome !== 'listed') return unsigned(finding, reference)
  if (repositoryExists || evidence.access === 'credential') return finding
  return unlessHidden(finding, await options.nodeCredentials(nameOf(reference), signal))
}

/** Pushed between the two questions, or deleted under its tag: the next question tells. */
function listedAllTheSame(finding: Finding, reference: ImageReference): Finding {
  const name = `${nameOf(reference)}:${reference.effectiveTag}`
  return {
    ...finding,
    certainty: 'uncertain',
    message: `${reference.registry} did not find ${name} a moment ago, but lists the tag.`,
    advice: 'If the image was pushed just now, apply again; else push it again.',
    doubts: ['It may have been pushed a moment ago.'],
  }
}

/** As ingress controllers and load balancers answer while the registry behind them is away. */
function unsigned(finding: Finding, { registry }: ImageReference): Finding {
  const doubt = `${registry} has served images, and nothing in this 404 shows that it is from a registry: a proxy may have given it.`
  return { ...finding, certainty: 'uncertain', doubts: [...finding.doubts, doubt] }
}

function unlessHidden(finding: Finding, nodes: NodeCredentialEvidence): Finding {
  if (nodes.kind === 'not-looked-for') return finding
  const reason = nodes.kind === 'none' ? nodes.unseen : nodes.reason
  if (reason === undefined) return finding
  const doubt = `${reason} Without credentials a registry may answer 404 for what it has.`
  return { ...finding, certainty: 'uncertain', doubts: [...finding.doubts, doubt] }
}

/** Repositories near the one asked for that the same credential finds; empty when there was no time. */
export async function nearRepositories(
  credential: Credential | null,
  options: Omit<MissingOptions, 'client' | 'remarks' | 'nodeCredentials'>,
): Promise<string[]> {
  if (options.signal.aborted) return []
  const signal = bounded(options.signal)
  const { reference, workload, facts, lookups } = options
  const own = workload.images.map(({ image }) => image)
  const pods = await facts.podsUsingRegistry(reference.registry, { fresh: false, signal })
  const { namespace } = workload.object
  // Only of this namespace: nothing is told of another tenant's images.
  const neighbours = (pods.status === 'known' ? pods.value : [])
    .filter((pod) => namespace !== '' && pod.namespace === namespace)
    .flatMap(({ containers }) => containers.map(({ image }) => image))
  const siblings = [...new Set([...own, ...neighbours])].slice(0, MAX_SIBLINGS)
  return suggestRepositories({ reference, credential, siblings, lookups, signal })
}

const NO_TAGS: TagsResult = { outcome: 'unavailable' }

async function tagsOf(
  credential: Credential | null,
  { reference, client, signal }: MissingOptions,
): Promise<TagsResult> {
  // Another tag is no help to whoever named a digest.
  if (reference.digest !== null || signal.aborted) return NO_TAGS
  return client.tags({ reference, credential, signal: bounded(signal) })
}

function bounded(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(SUGGESTIONS_TIMEOUT_MS)])
}
