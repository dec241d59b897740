import { objectStoreFacts } from '../cluster/object-store.ts'
import type { ObjectStore } from '../cluster/object-store.ts'
import type { ClusterFacts } from '../prediction/cluster-facts.ts'

/**
 * The facts of a live cluster as they will be once the files were applied: a Secret, service account or Namespace among the files
 * wins over that of the cluster; nodes, Pods and webhooks are the cluster's.
 */
export function layeredFacts(store: ObjectStore, cluster: ClusterFacts): ClusterFacts {
  const files = objectStoreFacts(store, { complete: false, mayNameNamespaces: true })
  return {
    ...cluster,
    async secret(namespace, name, options) {
      const fact = await files.secret(namespace, name, options)
      return fact.status === 'known' ? fact : cluster.secret(namespace, name, options)
    },
    async serviceAccount(namespace, name, options) {
      const fact = await files.serviceAccount(namespace, name, options)
      if (fact.status === 'known') return fact
      return cluster.serviceAccount(namespace, name, options)
    },
    async namespace(name, options) {
      const [fact, live] = await Promise.all([
        files.namespace(name, options),
        cluster.namespace(name, options),
      ])
      if (fact.status !== 'known') return live
      const createdAtMs = live.status === 'known' ? live.value.createdAtMs : null
      return { status: 'known', value: { ...fact.value, createdAtMs } }
    },
    async namespacesWithSecret(name, options) {
      const [fact, live] = await Promise.all([
        files.namespacesWithSecret(name, options),
        cluster.namespacesWithSecret(name, options),
      ])
      if (fact.status !== 'known') return live
      const more = live.status === 'known' ? live.value : []
      return { status: 'known', value: [...new Set([...fact.value, ...more])] }
    },
  }
}
