import { objectStoreFacts } from '../cluster/object-store.ts'
import type { ObjectStore } from '../cluster/object-store.ts'
import type {
  ClusterFacts,
  Fact,
  NamespaceFacts,
  ServiceAccountFacts,
} from '../prediction/cluster-facts.ts'
import { appliedSecret } from './applied-secret.ts'

/**
 * The facts of a live cluster as they will be once the files were applied. What a file does not say of a Secret, service account or
 * Namespace stays as the cluster has it; nodes, Pods and webhooks are the cluster's.
 */
export function layeredFacts(store: ObjectStore, cluster: ClusterFacts): ClusterFacts {
  const files = objectStoreFacts(store, { complete: false, mayNameNamespaces: true })
  return {
    ...cluster,
    async secret(namespace, name, options) {
      const live = await cluster.secret(namespace, name, options)
      const object = store.get('Secret', namespace, name)
      return object === null ? live : appliedSecret(object, live)
    },
    async serviceAccount(namespace, name, options) {
      const [file, live] = await Promise.all([
        files.serviceAccount(namespace, name, options),
        cluster.serviceAccount(namespace, name, options),
      ])
      return applied(file, live, appliedAccount)
    },
    async namespace(name, options) {
      const [file, live] = await Promise.all([
        files.namespace(name, options),
        cluster.namespace(name, options),
      ])
      return applied(file, live, appliedNamespace)
    },
    async podMutators(namespace, options) {
      const [file, live, mutators] = await Promise.all([
        files.namespace(namespace, options),
        cluster.namespace(namespace, options),
        cluster.podMutators(namespace, options),
      ])
      if (file.status !== 'known' || live.status !== 'known') return mutators
      return isRelabelled(file.value, live.value) ? relabelled : mutators
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

/** The cluster's webhooks were chosen by the labels that the Namespace has now. */
const relabelled = {
  status: 'unknown',
  reason: 'the files change labels of the Namespace, which select them',
} as const

function applied<T>(
  file: Fact<T>,
  live: Fact<T>,
  merge: (file: T, live: T) => T,
): Fact<T> {
  if (file.status !== 'known') return live
  if (live.status === 'absent') return file
  return live.status === 'unknown'
    ? { ...file, unread: live.reason }
    : { status: 'known', value: merge(file.value, live.value) }
}

/**
 * Applying leaves a list alone that the file does not have, and replaces it by one that it has (a service account's is atomic, unlike
 * a Pod's); but a list that an earlier apply wrote goes when the file drops it, and controllers add their secrets again to one that
 * was replaced. So the cluster's stay behind the file's, as secrets that may be gone.
 */
function appliedAccount(
  file: ServiceAccountFacts,
  live: ServiceAccountFacts,
): ServiceAccountFacts {
  const own = new Set(file.imagePullSecrets)
  const mayGo = live.imagePullSecrets.filter((name) => !own.has(name))
  if (mayGo.length === 0) return file
  return { ...file, imagePullSecrets: [...file.imagePullSecrets, ...mayGo], mayGo }
}

function appliedNamespace(file: NamespaceFacts, live: NamespaceFacts): NamespaceFacts {
  return { ...live, labels: { ...live.labels, ...file.labels } }
}

function isRelabelled(file: NamespaceFacts, live: NamespaceFacts): boolean {
  return Object.entries(file.labels).some(([key, value]) => live.labels[key] !== value)
}
