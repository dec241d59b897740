import { createBoundedCache } from '../../cache/bounded-cache.ts'
import { buildKeyring } from '../../credentials/keyring.ts'
import type { Keyring } from '../../credentials/keyring.ts'
import { createNodeCredentialHostMatcher } from '../../credentials/node-credential-hosts.ts'
import { readPullSecret } from '../../credentials/pull-secret.ts'
import type { ClusterFacts, PodFacts } from '../cluster-facts.ts'
import { createNodeCredentialLearner } from './learn-node-credentials.ts'
import type { CachedLookup } from '../lookups/lookup-cache.ts'
import {
  createCredentialPools,
  describePartial,
  isComplete,
  reachOf,
} from './node-credential-pools.ts'
import type { EligibleNodes, NodeCredentialEvidence } from './node-credentials.ts'
import type { PredictionSettings } from '../prediction-settings.ts'

export interface NodeCredentialsOptions {
  settings: PredictionSettings
  facts: ClusterFacts
  lookups: CachedLookup
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** What credential provider plugins get to see of the environment; nothing unless given. */
  env?: Readonly<Record<string, string | undefined>>
  /** Told in one line of what an operator should know. */
  onNotice: (notice: string) => void
  /** Told each time that running Pods show that the nodes have credentials of their own for a registry host. */
  onLearned?: (registry: string) => void
}

export interface NodeCredentials {
  /** What the nodes add to the pull secrets for an image (registry and repository), in the kubelet's order. */
  keyrings: (
    image: string,
    signal: AbortSignal,
    eligible?: EligibleNodes,
  ) => Promise<Keyring[]>
  /** What is known about credentials of the nodes for an image (registry and repository). */
  evidenceFor: (
    image: string,
    signal: AbortSignal,
    eligible?: EligibleNodes,
  ) => Promise<NodeCredentialEvidence>
}

/** Hosts whose discovery is told of once in the log. */
const MAX_TOLD_HOSTS = 1_000
const MAX_TOLD_BYTES = 1_048_576

/** The credentials that nodes have beside pull secrets: listed hosts, what the operator hands us, and what Pods show. */
export async function createNodeCredentials(
  options: NodeCredentialsOptions,
): Promise<NodeCredentials> {
  const { settings, env = {}, now, onNotice } = options
  const { learn } = settings.nodeCredentials
  const listed = createNodeCredentialHostMatcher(settings.nodeCredentialHosts)
  const pools = createCredentialPools(settings.nodeCredentials, { env, now, onNotice })
  // Only pools ask which nodes there are.
  const nodesFor = async (eligible: EligibleNodes) => (pools.length > 1 ? eligible() : [])
  const givers = pools.filter((pool) => !pool.isEmpty)
  const told = createBoundedCache<true>({
    maxEntries: MAX_TOLD_HOSTS,
    maxBytes: MAX_TOLD_BYTES,
    sizeOf: () => 0,
  })
  const learner = createNodeCredentialLearner({
    ...options,
    preloadedImages: settings.preloadedImages,
    secretMatches: (pod, repository, signal) =>
      settings.secrets === 'none' && pod.pullSecrets.length > 0
        ? Promise.resolve(null)
        : podSecretMatches(options.facts, pod, repository, signal),
    onLearned(registry) {
      options.onLearned?.(registry)
      if (told.has(registry)) return
      told.set(registry, true)
      onNotice(
        `nodes evidently have credentials of their own for ${registry}: running Pods without a matching pull secret use private images of it, so 401 and 403 of it only warn`,
      )
    },
  })
  // Read once now, so that a file that cannot be used is told of at the start.
  await Promise.all(pools.map((pool) => pool.open()))
  return {
    async keyrings(image, signal, eligible = noneKnown) {
      // What most clusters have, and every image asks.
      if (givers.length === 0) return []
      const nodes = await nodesFor(eligible)
      const reaching = givers.filter((pool) => reachOf(pool, nodes) === 'every-node')
      const keyrings = await Promise.all(
        reaching.map((pool) => pool.keyrings(image, signal)),
      )
      return keyrings.flat()
    },
    async evidenceFor(image, signal, eligible = noneKnown) {
      const registry = image.split('/')[0] ?? image
      const pattern = listed(registry)
      if (pattern !== null) return listedEvidence(registry, pattern)
      const nodes = await nodesFor(eligible)
      for (const pool of pools) {
        const reach = reachOf(pool, nodes)
        if (reach === 'no-node') continue
        if (reach !== 'every-node') {
          if (await pool.mayOpen(image))
            return { kind: 'configured', reason: describePartial(pool, reach) }
          continue
        }
        const reason = await pool.openness(image)
        if (reason !== null) return { kind: 'configured', reason }
      }
      if (isComplete(pools, nodes)) return { kind: 'none' }
      if (!learn) {
        return {
          kind: 'not-looked-for',
          reason: `Whether nodes have credentials of their own for ${registry} is not looked for (nodeCredentials.learn is off).`,
        }
      }
      return learner.evidenceFor(registry, signal)
    },
  }
}

const noneKnown: EligibleNodes = async () => []

function listedEvidence(registry: string, pattern: string): NodeCredentialEvidence {
  return {
    kind: 'listed',
    reason: `Nodes usually have credentials of their own for ${registry} (${pattern}), which cannot be seen from here.`,
  }
}

/** null when one of the Pod's secrets cannot be read. A missing or broken one opens nothing. */
async function podSecretMatches(
  facts: ClusterFacts,
  pod: PodFacts,
  repository: string,
  signal: AbortSignal,
): Promise<boolean | null> {
  let unread = false
  for (const name of pod.pullSecrets.filter((each) => each !== '')) {
    const fact = await facts.secret(pod.namespace, name, { fresh: false, signal })
    if (fact.status === 'unknown') unread = true
    if (fact.status !== 'known') continue
    const reading = readPullSecret(fact.value)
    if (reading.status !== 'usable') continue
    if (buildKeyring([reading.source]).match(repository).length > 0) return true
  }
  return unread ? null : false
}
