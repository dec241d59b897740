import type { AutoscalerSign, ClusterFacts, Fact } from '../prediction/cluster-facts.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { webhooksHandlingPods } from './pod-mutators.ts'
import { readNamespace, readNode, readSecret, readServiceAccount } from './read-facts.ts'
import { AUTOSCALER_STATUS } from './autoscaler-signs.ts'
import { readPod, usesRegistry } from './read-pod.ts'

/** Kinds that are looked at, with the group they belong to. */
const GROUPS = {
  Secret: '',
  ServiceAccount: '',
  Namespace: '',
  Node: '',
  Pod: '',
  MutatingWebhookConfiguration: 'admissionregistration.k8s.io',
  NodePool: 'karpenter.sh',
  ConfigMap: '',
} as const

export type StoredKind = keyof typeof GROUPS

/** Parsed objects by kind, namespace ('' for what has none) and name. */
export interface ObjectStore {
  get(kind: StoredKind, namespace: string, name: string): KubernetesObject | null
  /** The same array for as long as nothing changed. */
  list(kind: StoredKind): ObjectList
}

type ObjectList = readonly KubernetesObject[]

export interface ObjectStoreFactsOptions {
  /**
   * True: the objects are all that there is (`--standalone`), and what is not among them does not exist. False: the files of a
   * `check`, beside which a cluster may hold anything.
   */
  complete: boolean
  /** Whether the caller may learn of other namespaces (check, audit, explain). */
  mayNameNamespaces: boolean
}

/** Keeps the kinds that are looked at; of two objects with one name the later one counts. */
export function createObjectStore(objects: Iterable<KubernetesObject>): ObjectStore {
  const kinds = new Map<string, Map<string, KubernetesObject>>()
  for (const object of objects) {
    if (!isStoredKind(object.kind) || GROUPS[object.kind] !== object.group) continue
    const stored = kinds.get(object.kind) ?? new Map<string, KubernetesObject>()
    stored.set(`${object.namespace}/${object.name}`, object)
    kinds.set(object.kind, stored)
  }
  const lists = new Map([...kinds].map(([kind, stored]) => [kind, [...stored.values()]]))
  const none: ObjectList = []
  return {
    get: (kind, namespace, name) => kinds.get(kind)?.get(`${namespace}/${name}`) ?? null,
    list: (kind) => lists.get(kind) ?? none,
  }
}

/** Whether objects of this kind are looked at. */
export function isStoredKind(kind: string): kind is StoredKind {
  return Object.hasOwn(GROUPS, kind)
}

/** ClusterFacts out of objects in memory. Every answer is immediate, so neither `fresh` nor `signal` matters. */
export function objectStoreFacts(
  store: ObjectStore,
  options: ObjectStoreFactsOptions,
): ClusterFacts {
  function read<T>(
    kind: StoredKind,
    identity: { namespace: string; name: string },
    reader: (object: KubernetesObject) => T,
  ): Fact<T> {
    const object = store.get(kind, identity.namespace, identity.name)
    if (object !== null) return known(reader(object))
    if (options.complete) return { status: 'absent' }
    return unknown(`no ${kind} of this name is among the files`)
  }

  const nodesOf = onceForEach((list: ObjectList) =>
    list.map(({ fields, name }) => readNode(fields, name)),
  )
  const podsOf = onceForEach((list: ObjectList) =>
    list.map((object) => readPod(object.fields, object)),
  )

  function namespaceLabels(name: string): Record<string, string> {
    const object = store.get('Namespace', '', name)
    return readNamespace(object?.fields ?? {}, name).labels
  }

  return {
    async secret(namespace, name) {
      return read('Secret', { namespace, name }, (object) =>
        readSecret(object.fields, object),
      )
    },

    async serviceAccount(namespace, name) {
      const fact = read('ServiceAccount', { namespace, name }, (object) =>
        readServiceAccount(object.fields, object),
      )
      // The controller manager makes this one in every namespace.
      const implicit = fact.status === 'absent' && name === 'default'
      return implicit ? known({ namespace, name, imagePullSecrets: [] }) : fact
    },

    async namespace(name) {
      return read('Namespace', { namespace: '', name }, (object) =>
        readNamespace(object.fields, name),
      )
    },

    async nodes() {
      const nodes = nodesOf(store.list('Node'))
      if (options.complete || nodes.length > 0) return known(nodes)
      return unknown('no Node is among the files')
    },

    async autoscalerSigns() {
      const signs: AutoscalerSign[] = []
      if (store.list('NodePool').length > 0) signs.push('karpenter')
      const { namespace, name } = AUTOSCALER_STATUS
      if (store.get('ConfigMap', namespace, name)) signs.push('cluster-autoscaler')
      return known(signs)
    },

    async podsUsingRegistry(registry) {
      if (!options.complete) return unknown('files do not tell what runs in a cluster')
      return known(podsOf(store.list('Pod')).filter((pod) => usesRegistry(pod, registry)))
    },

    async podMutators(namespace) {
      if (!options.complete) {
        return unknown('files do not tell which mutating webhooks a cluster has')
      }
      const labels = namespaceLabels(namespace)
      return known(
        store
          .list('MutatingWebhookConfiguration')
          .flatMap(({ fields }) => webhooksHandlingPods(fields, labels)),
      )
    },

    async namespacesWithSecret(name) {
      if (!options.mayNameNamespaces) return unknown('other namespaces are not looked at')
      const namespaces = store
        .list('Secret')
        .filter((object) => object.name === name)
        .map(({ namespace }) => namespace)
      if (options.complete || namespaces.length > 0) return known(namespaces)
      return unknown('no Secret of this name is among the files')
    },
  }
}

/** Reads a list when it is another than the last time: each review would spend 90 ms on the Nodes of a large cluster. */
function onceForEach<List, T>(read: (list: List) => T): (list: List) => T {
  let last: { list: List; value: T } | null = null
  return (list) => {
    if (last?.list !== list) last = { list, value: read(list) }
    return last.value
  }
}

function known<T>(value: T): Fact<T> {
  return { status: 'known', value }
}

function unknown(reason: string): { status: 'unknown'; reason: string } {
  return { status: 'unknown', reason }
}
