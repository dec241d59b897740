import { nameOf } from '../reference/reference-name.ts'
import { LRUCache } from 'lru-cache'
import type { ImageReference } from '../reference/image-reference.ts'
import { parseReference } from '../reference/parse-reference.ts'
import { firstMatchingGlob } from '../text/glob.ts'
import type { ClusterFacts, PodFacts } from './cluster-facts.ts'
import type { CachedLookup } from './lookup-cache.ts'
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

/** How long evidence, and its absence, is remembered; hosts remembered at most; Pods whose image is asked about at most. */
const EVIDENCE_TTL_MS = 300_000
const NO_EVIDENCE_TTL_MS = 30_000
const MAX_HOSTS = 1_000
const MAX_CANDIDATES = 4

/**
 * Learns from the cluster what nobody configured: Pods run images of a host although no pull secret of theirs matches and
 * anonymous access to those images is refused, so the nodes have credentials of their own. Pods are read as a list; a
 * Secret of theirs only where it could be what opens the image.
 */
export function createNodeCredentialLearner(
  options: NodeCredentialLearnerOptions,
): NodeCredentialLearner {
  const known = new LRUCache<string, NodeCredentialEvidence>({
    max: MAX_HOSTS,
    perf: { now: options.now },
    ttlResolution: 0,
  })
  return {
    async evidenceFor(registry, signal) {
      const remembered = known.get(registry)
      if (remembered) return remembered
      const evidence = await look(registry, options, signal)
      if (evidence.kind === 'learned') options.onLearned?.(registry)
      if (evidence.kind !== 'not-looked-for') {
        const ttl = evidence.kind === 'none' ? NO_EVIDENCE_TTL_MS : EVIDENCE_TTL_MS
        known.set(registry, evidence, { ttl })
      }
      return evidence
    },
  }
}

async function look(
  registry: string,
  options: NodeCredentialLearnerOptions,
  signal: AbortSignal,
): Promise<NodeCredentialEvidence> {
  const pods = await options.facts.podsUsingRegistry(registry, { fresh: false, signal })
  if (pods.status !== 'known') {
    const why = pods.status === 'unknown' ? pods.reason : 'there is no list of Pods'
    return notLookedFor(registry, why)
  }
  let open: string | null = null
  for (const candidate of candidates(registry, pods.value, options.preloadedImages)) {
    const judged = await judgeCandidate(candidate, options, signal)
    if (judged === 'evidence') return learned(registry)
    if (judged !== 'no-evidence') open = judged
  }
  return open === null ? { kind: 'none' } : notLookedFor(registry, open)
}

interface Candidate {
  pod: PodFacts
  reference: ImageReference
}

/**
 * One Pod for each repository of the host that really runs and is not preloaded, at most MAX_CANDIDATES. Pods without pull
 * secrets come first: what they show is seen without reading a Secret.
 */
function candidates(
  registry: string,
  pods: readonly PodFacts[],
  preloaded: readonly string[],
): Candidate[] {
  const byRepository = new Map<string, Candidate>()
  const [bare, others] = [
    pods.filter(({ pullSecrets }) => pullSecrets.length === 0),
    pods.filter(({ pullSecrets }) => pullSecrets.length > 0),
  ]
  for (const pod of [...bare, ...others]) {
    for (const container of pod.containers) {
      if (byRepository.size >= MAX_CANDIDATES) return [...byRepository.values()]
      if (container.imageID === '' || container.pullPolicy === 'Never') continue
      const reference = parseOrNull(container.image)
      if (reference === null || reference.registry !== registry) continue
      if (firstMatchingGlob(preloaded, container.image, reference.pullReference)) continue
      const key = `${reference.repository} ${pod.namespace} ${pod.pullSecrets.join(' ')}`
      if (!byRepository.has(key)) byRepository.set(key, { pod, reference })
    }
  }
  return [...byRepository.values()]
}

/** `evidence`, `no-evidence`, or why it could not be told. Secrets are read only where anonymous access is refused. */
async function judgeCandidate(
  { pod, reference }: Candidate,
  options: NodeCredentialLearnerOptions,
  signal: AbortSignal,
): Promise<string> {
  const anonymous = await options.lookups.lookup({ reference, credential: null, signal })
  switch (anonymous.outcome) {
    case 'unauthorized':
    case 'forbidden':
      break
    case 'found':
    case 'not-found':
    case 'unusable':
      return 'no-evidence'
    default:
      return 'the registry did not say whether running images are public'
  }
  const matched = await options.secretMatches(pod, nameOf(reference), signal)
  if (matched === null) return 'the pull secrets of running Pods cannot be read'
  return matched ? 'no-evidence' : 'evidence'
}

function parseOrNull(image: string): ImageReference | null {
  try {
    return parseReference(image)
  } catch {
    return null
  }
}

function learned(registry: string): NodeCredentialEvidence {
  return {
    kind: 'learned',
    reason: `Nodes evidently have credentials of their own for ${registry}: private images of it run in this cluster without a matching pull secret.`,
  }
}

function notLookedFor(registry: string, why: string): NodeCredentialEvidence {
  return {
    kind: 'not-looked-for',
    reason: `Whether nodes have credentials of their own for ${registry} is not known (${why}).`,
  }
}
