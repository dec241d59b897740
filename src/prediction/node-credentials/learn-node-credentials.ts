import { nameOf } from '../../reference/reference-name.ts'
import { createBoundedCache, jsonBytes } from '../../cache/bounded-cache.ts'
import type { BoundedCache } from '../../cache/bounded-cache.ts'
import { contactedOrNull } from '../../reference/contacted-reference.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import { firstMatchingGlob } from '../../text/glob.ts'
import type { ClusterFacts, PodFacts } from '../cluster-facts.ts'
import type { ManifestNotFound } from '../../registry/lookup.ts'
import type { CachedLookup } from '../lookups/lookup-cache.ts'
import type { NodeCredentialEvidence } from './node-credentials.ts'

export interface NodeCredentialLearnerOptions {
  facts: ClusterFacts
  lookups: CachedLookup
  /** Monotonic clock in milliseconds. */
  now: () => number
  preloadedImages: readonly string[]
  /** Whether a pull secret of a Pod opens this repository; null when its secrets could not be read. */
  secretMatches: (
    pod: PodFacts,
    repository: string,
    signal: AbortSignal,
  ) => Promise<boolean | null>
  /** Told of each registry host that turned out to be opened by the nodes' own credentials. */
  onLearned?: (registry: string) => void
}

export interface NodeCredentialLearner {
  evidenceFor(registry: string, signal: AbortSignal): Promise<NodeCredentialEvidence>
}

/** How long evidence, and its absence, is remembered; hosts remembered at most. */
const EVIDENCE_TTL_MS = 300_000
const NO_EVIDENCE_TTL_MS = 30_000
const MAX_HOSTS = 1_000
/** What one look costs at most: repositories asked for, and Pods of one of them whose secrets are read. */
const MAX_REPOSITORIES = 8
const MAX_PODS_OF_REPOSITORY = 32
/** Repositories (and Pods of private ones) that turned out to be no evidence are not looked at again for an hour. */
const CLEARED_TTL_MS = 3_600_000
const MAX_CLEARED = 10_000
/** Each of the three memories. */
const MAX_BYTES = 4_194_304

/**
 * Learns from the cluster what nobody configured: Pods run images of a host although no pull secret of theirs matches and
 * anonymous access to those images is refused, so the nodes have credentials of their own. Pods are read as a list; a
 * Secret of theirs only where it could be what opens the image. As long as images are left that were not looked at, the
 * answer is not `none`: each look takes some more of them.
 */
export function createNodeCredentialLearner(
  options: NodeCredentialLearnerOptions,
): NodeCredentialLearner {
  const { now } = options
  const known = createBoundedCache<NodeCredentialEvidence>({
    maxEntries: MAX_HOSTS,
    maxBytes: MAX_BYTES,
    sizeOf: jsonBytes,
    now,
  })
  const names = (maxEntries: number): BoundedCache<true> =>
    createBoundedCache({ maxEntries, maxBytes: MAX_BYTES, sizeOf: () => 0, now })
  const cleared = names(MAX_CLEARED)
  const unseen = names(MAX_HOSTS)
  return {
    async evidenceFor(registry, signal) {
      const remembered = known.get(registry)
      if (remembered) return remembered
      const evidence = await look(registry, { ...options, cleared, unseen, signal })
      if (evidence.kind === 'learned') options.onLearned?.(registry)
      if (evidence.kind !== 'not-looked-for') {
        const ttl = evidence.kind === 'none' ? NO_EVIDENCE_TTL_MS : EVIDENCE_TTL_MS
        known.set(registry, evidence, ttl)
      }
      return evidence
    },
  }
}

interface Look extends NodeCredentialLearnerOptions {
  /** Keys of what is known to be no evidence. */
  cleared: BoundedCache<true>
  /** Registries that run images which they do not show to strangers. */
  unseen: BoundedCache<true>
  signal: AbortSignal
}

async function look(registry: string, options: Look): Promise<NodeCredentialEvidence> {
  const { facts, signal } = options
  const pods = await facts.podsUsingRegistry(registry, { fresh: false, signal })
  if (pods.status !== 'known') {
    const why = pods.status === 'unknown' ? pods.reason : 'there is no list of Pods'
    return notLookedFor(registry, why)
  }
  const left = candidates(registry, pods.value, options)
  const groups = [...left.values()].slice(0, MAX_REPOSITORIES)
  const judged = await Promise.all(groups.map((group) => judgeRepository(group, options)))
  if (judged.includes('evidence')) return learned(registry)
  const open = judged.find((each) => typeof each === 'object')
  if (open !== undefined) return notLookedFor(registry, open.why)
  if (left.size > groups.length) return notLookedFor(registry, MORE)
  return options.unseen.has(registry) ? notSeen(registry) : { kind: 'none' }
}

const MORE = 'more images of it run in this cluster than were looked at so far'

interface Candidate {
  pod: PodFacts
  reference: ImageReference
  /** Pods with the same pull secrets show the same. */
  key: string
}

/**
 * By repository, the Pods of the host that really run, are not preloaded, and are not known to be no evidence. Pods without
 * pull secrets come first: what they show is seen without reading a Secret.
 */
function candidates(
  registry: string,
  pods: readonly PodFacts[],
  { preloadedImages, cleared }: Look,
): Map<string, Candidate[]> {
  const byRepository = new Map<string, Candidate[]>()
  const seen = new Set<string>()
  const [bare, others] = [
    pods.filter(({ pullSecrets }) => pullSecrets.length === 0),
    pods.filter(({ pullSecrets }) => pullSecrets.length > 0),
  ]
  for (const pod of [...bare, ...others]) {
    for (const { image, imageID, pullPolicy } of pod.containers) {
      if (imageID === '' || pullPolicy === 'Never') continue
      const reference = contactedOrNull(image)
      if (reference === null || reference.registry !== registry) continue
      if (firstMatchingGlob(preloadedImages, image, reference.pullReference)) continue
      const repository = nameOf(reference)
      const key = JSON.stringify([repository, pod.namespace, ...pod.pullSecrets])
      if (seen.has(key) || cleared.has(repository) || cleared.has(key)) continue
      seen.add(key)
      const group = byRepository.get(repository) ?? []
      group.push({ pod, reference, key })
      byRepository.set(repository, group)
    }
  }
  return byRepository
}

type Judgement = 'evidence' | 'no-evidence' | { why: string }

/** Secrets are read only where anonymous access is refused. */
async function judgeRepository(
  group: readonly Candidate[],
  options: Look,
): Promise<Judgement> {
  const [first] = group
  if (first === undefined) return 'no-evidence'
  const { lookups, cleared, unseen, signal } = options
  const { reference } = first
  const anonymous = await lookups.lookup({ reference, credential: null, signal })
  switch (anonymous.outcome) {
    case 'unauthorized':
    case 'forbidden':
      return judgePods(group, options)
    case 'not-found':
      if (await isHidden(anonymous, group, options))
        unseen.set(reference.registry, true, CLEARED_TTL_MS)
      cleared.set(nameOf(reference), true, CLEARED_TTL_MS)
      return 'no-evidence'
    case 'found':
    case 'unusable':
      cleared.set(nameOf(reference), true, CLEARED_TTL_MS)
      return 'no-evidence'
    default:
      return { why: 'the registry did not say whether running images are public' }
  }
}

/**
 * Whether an image that runs may be there for others than strangers, as far as a 404 lets that be told: it was deleted since, or the
 * registry hides what it has (pull-semantics 6: Artifactory and Nexus may answer 404). A registry that asked for no token would
 * not have asked the nodes for credentials either.
 */
async function isHidden(
  { evidence }: ManifestNotFound,
  group: readonly Candidate[],
  { secretMatches, signal }: Look,
): Promise<boolean> {
  if (evidence.access === 'open') return false
  for (const { pod, reference } of group.slice(0, MAX_PODS_OF_REPOSITORY)) {
    if ((await secretMatches(pod, nameOf(reference), signal)) !== true) return true
  }
  return false
}

async function judgePods(
  group: readonly Candidate[],
  { secretMatches, cleared, signal }: Look,
): Promise<Judgement> {
  for (const { pod, reference, key } of group.slice(0, MAX_PODS_OF_REPOSITORY)) {
    const matched = await secretMatches(pod, nameOf(reference), signal)
    if (matched === null) {
      return { why: 'the pull secrets of running Pods cannot be read' }
    }
    if (!matched) return 'evidence'
    cleared.set(key, true, CLEARED_TTL_MS)
  }
  return group.length > MAX_PODS_OF_REPOSITORY ? { why: MORE } : 'no-evidence'
}

function learned(registry: string): NodeCredentialEvidence {
  return {
    kind: 'learned',
    reason: `Nodes evidently have credentials of their own for ${registry}: private images of it run in this cluster without a matching pull secret.`,
  }
}

function notSeen(registry: string): NodeCredentialEvidence {
  return {
    kind: 'none',
    unseen: `Images of ${registry} run in this cluster that it does not show without credentials.`,
  }
}

function notLookedFor(registry: string, why: string): NodeCredentialEvidence {
  return {
    kind: 'not-looked-for',
    reason: `Whether nodes have credentials of their own for ${registry} is not known (${why}).`,
  }
}
