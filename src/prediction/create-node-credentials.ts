import { buildKeyring } from '../credentials/keyring.ts'
import type { Keyring } from '../credentials/keyring.ts'
import { createNodeCredentialHostMatcher } from '../credentials/node-credential-hosts.ts'
import { readPullSecret } from '../credentials/pull-secret.ts'
import type { ClusterFacts, PodFacts } from './cluster-facts.ts'
import { createNodeCredentialLearner } from './learn-node-credentials.ts'
import type { NodeCredentialLearner } from './learn-node-credentials.ts'
import type { CachedLookup } from './lookup-cache.ts'
import type { NodeCredentialEvidence } from './node-credentials.ts'
import type { PredictionSettings } from './prediction-settings.ts'

export interface NodeCredentialsOptions {
  settings: PredictionSettings
  facts: ClusterFacts
  lookups: CachedLookup
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** Told in one line of what an operator should know. */
  onNotice: (notice: string) => void
}

export interface NodeCredentials {
  /** What the nodes add to the pull secrets for an image, in the kubelet's order. */
  keyrings: (image: string, signal: AbortSignal) => Promise<Keyring[]>
  /** What is known about credentials of the nodes for a registry host. */
  evidenceFor: (registry: string, signal: AbortSignal) => Promise<NodeCredentialEvidence>
}

/** The credentials that nodes have beside pull secrets: listed hosts, what the operator hands us, and what Pods show. */
export async function createNodeCredentials(
  options: NodeCredentialsOptions,
): Promise<NodeCredentials> {
  const { settings, onNotice } = options
  const listed = createNodeCredentialHostMatcher(settings.nodeCredentialHosts)
  const learner: NodeCredentialLearner = createNodeCredentialLearner({
    ...options,
    preloadedImages: settings.preloadedImages,
    secretMatches: (pod, repository, signal) =>
      podSecretMatches(options.facts, pod, repository, signal),
    onLearned: (registry) =>
      onNotice(`nodes evidently have credentials of their own for ${registry}`),
  })
  return {
    keyrings: async () => [],
    async evidenceFor(registry, signal) {
      const pattern = listed(registry)
      if (pattern !== null) return listedEvidence(registry, pattern)
      if (settings.nodeCredentials.complete) return { kind: 'none' }
      if (!settings.nodeCredentials.learn) {
        return {
          kind: 'not-looked-for',
          reason: `Whether nodes have credentials of their own for ${registry} is not looked for (nodeCredentials.learn is off).`,
        }
      }
      return learner.evidenceFor(registry, signal)
    },
  }
}

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
  for (const name of pod.pullSecrets) {
    const fact = await facts.secret(pod.namespace, name, { fresh: false, signal })
    if (fact.status === 'unknown') unread = true
    if (fact.status !== 'known') continue
    const reading = readPullSecret(fact.value)
    if (reading.status !== 'usable') continue
    if (buildKeyring([reading.source]).match(repository).length > 0) return true
  }
  return unread ? null : false
}
