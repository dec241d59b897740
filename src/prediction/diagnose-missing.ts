import type { Credential } from '../credentials/credential.ts'
import type { ReferenceRemark } from '../reference/diagnose-valid-reference.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import type { RegistryClient, TagsResult } from '../registry/lookup.ts'
import type { Workload } from '../workload/workload.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import { explainNotFound } from './explain-not-found.ts'
import type { Finding } from './finding.ts'
import type { CachedLookup } from './lookup-cache.ts'
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
  signal: AbortSignal
}

/** Suggestions are a courtesy: past this time the verdict goes without, and well before any deadline of the webhook. */
const SUGGESTIONS_TIMEOUT_MS = 1_000
/** Other images taken of an object or namespace, before the near ones are chosen. */
const MAX_SIBLINGS = 100

/** A 404 in words, with the tags or repositories that may have been meant. Never changes the verdict. */
export async function explainMissing(
  missing: 'repository' | 'manifest',
  credential: Credential | null,
  options: MissingOptions,
): Promise<Finding> {
  const { reference } = options
  const tags = missing === 'repository' ? NO_TAGS : await tagsOf(credential, options)
  const repositoryMissing = missing === 'repository' || tags.outcome === 'no-repository'
  return explainNotFound({
    reference,
    repositoryMissing,
    suggestions:
      tags.outcome === 'listed'
        ? suggestTags(reference.effectiveTag ?? '', tags.tags)
        : [],
    neighbours: repositoryMissing ? await nearRepositories(credential, options) : [],
    hint: hintFor(options.remarks, {
      repositoryExists: tags.outcome === 'listed' && tags.tags.length > 0,
    }),
  })
}

/** Repositories near the one asked for that the same credential finds; empty when there was no time. */
export async function nearRepositories(
  credential: Credential | null,
  options: Omit<MissingOptions, 'client' | 'remarks'>,
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
