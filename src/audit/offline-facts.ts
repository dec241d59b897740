import { objectStoreFacts } from '../cluster/object-store.ts'
import type { ObjectStore } from '../cluster/object-store.ts'
import type { ClusterFacts, Fact } from '../prediction/cluster-facts.ts'

/**
 * The facts of manifest files judged by themselves. A Secret or service account among them counts; what no file tells is
 * answered so that a file is judged as if its cluster were empty: no node holds the image, no webhook rewrites it, the
 * service account has no secrets, and the namespace is not new. A Secret that is named but not among the files stays unknown.
 */
export function offlineFacts(store: ObjectStore): ClusterFacts {
  const facts = objectStoreFacts(store, { complete: false, mayNameNamespaces: true })
  return {
    ...facts,
    async serviceAccount(namespace, name, options) {
      const fact = await facts.serviceAccount(namespace, name, options)
      if (fact.status === 'known') return fact
      return known({ namespace, name, imagePullSecrets: [] })
    },
    async nodes(options) {
      const fact = await facts.nodes(options)
      return fact.status === 'known' ? fact : known([])
    },
    async namespace(name, options) {
      const fact = await facts.namespace(name, options)
      return fact.status === 'known' ? fact : { status: 'absent' }
    },
    podMutators: async () => known([]),
    podsUsingRegistry: async () => ({ status: 'absent' }),
  }
}

function known<T>(value: T): Fact<T> {
  return { status: 'known', value }
}
