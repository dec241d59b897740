import type { ClusterFacts } from '../prediction/cluster-facts.ts'

const unknown = {
  status: 'unknown',
  reason: 'access to Secrets is switched off',
} as const

/** The same cluster, which is never asked for a Secret: what `secrets: none` promises, whoever asks. */
export function withoutSecrets(facts: ClusterFacts): ClusterFacts {
  return {
    ...facts,
    secret: async () => unknown,
    namespacesWithSecret: async () => unknown,
  }
}
