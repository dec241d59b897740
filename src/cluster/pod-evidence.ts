import type { Fact, PodFacts } from '../prediction/cluster-facts.ts'
import { registryOf } from './read-pod.ts'

/** Different Pods that are remembered over all registries; replicas count once. About 0.5 kB each. */
const MAX_PODS = 20_000

export interface PodEvidence {
  take(pod: PodFacts): void
  reset(): void
  /** Unknown when Pods had to be left out: what is missing could be the evidence. */
  byRegistry(): Fact<Map<string, PodFacts[]>>
}

/** Keeps one Pod for all that show the same: namespace, pull secrets, images, image ids and pull policies. */
export function createPodEvidence(): PodEvidence {
  const pods = new Map<string, PodFacts>()
  let isCut = false
  return {
    reset() {
      pods.clear()
      isCut = false
    },
    take(pod) {
      const { namespace, pullSecrets, containers } = pod
      const key = JSON.stringify([namespace, pullSecrets, containers])
      if (pods.has(key)) return
      if (pods.size >= MAX_PODS) isCut = true
      else pods.set(key, pod)
    },
    byRegistry() {
      if (isCut)
        return { status: 'unknown', reason: 'there are too many Pods to look at' }
      return { status: 'known', value: groupByRegistry(pods.values()) }
    },
  }
}

function groupByRegistry(pods: Iterable<PodFacts>): Map<string, PodFacts[]> {
  const groups = new Map<string, PodFacts[]>()
  for (const pod of pods) {
    const registries = new Set(pod.containers.map(({ image }) => registryOf(image)))
    for (const registry of registries) {
      if (registry === null) continue
      const group = groups.get(registry) ?? []
      group.push(pod)
      groups.set(registry, group)
    }
  }
  return groups
}
