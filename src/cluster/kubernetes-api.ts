import type {
  AutoscalerSign,
  ClusterFacts,
  Fact,
  NamespaceFacts,
  NodeFacts,
  ReadOptions,
  SecretFacts,
  ServiceAccountFacts,
} from '../prediction/cluster-facts.ts'
import type { Fields } from '../json/fields.ts'
import type { ApiClient } from './api-client.ts'
import { getObject, identityOf, isName, namespacedPath } from './api-get.ts'
import { clusterLists, clusterWatches, namespacesWithSecret } from './api-lists.ts'
import { autoscalerSigns } from './autoscaler-signs.ts'
import {
  createFactCache,
  oneList,
  orTooLate,
  tooLate,
  type FactTtl,
} from './fact-cache.ts'
import { webhooksHandlingPods } from './pod-mutators.ts'
import { readNamespace, readSecret, readServiceAccount } from './read-facts.ts'
import type { WatchedListOptions } from './watched-list.ts'

export interface KubernetesApiOptions {
  client: ApiClient
  /** `none`: Secrets are not asked for at all. */
  secrets: 'get' | 'none'
  /** Whether the caller may learn of other namespaces, by a list of Secrets (audit, explain). */
  mayListSecrets: boolean
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** Nodes and mutating webhooks are watched until the signal fires; absent or null: listed when they are needed. */
  watch?: Pick<WatchedListOptions<unknown>, 'random' | 'wait' | 'signal'> | null
}

const OBJECT_TTL: FactTtl = {
  knownMs: 10_000,
  absentMs: 2000,
  unknownMs: 2000,
  freshMs: 0,
}

/** An autoscaler is not installed between two deploys. */
const SIGNS_TTL: FactTtl = {
  knownMs: 60_000,
  absentMs: 2000,
  unknownMs: 10_000,
  freshMs: 2000,
}

const MAX_OBJECTS = 2000
/** Secrets are 1 MiB at most, and usually 1 kB; of the other two only names and labels are kept. */
const MAX_SECRET_BYTES = 16 * 1024 * 1024
const MAX_OBJECT_BYTES = 4 * 1024 * 1024

/** ClusterFacts of a live cluster. 403, timeouts and faults of the API server are `unknown`; only its own 404 is `absent`. */
export function kubernetesApiFacts(options: KubernetesApiOptions): ClusterFacts {
  const { client, now } = options
  const objects = objectCaches(client, now)
  const lists = clusterLists(client, now)
  const signs = createFactCache<AutoscalerSign[]>({
    ...oneList,
    ttl: SIGNS_TTL,
    now,
    load: async () => autoscalerSigns(client),
  })
  const watches = options.watch ? clusterWatches({ client, now, ...options.watch }) : null

  // While a watch is down, its list is read as if there were none.
  async function nodes(read: ReadOptions): Promise<Fact<readonly NodeFacts[]>> {
    const watched = watches?.nodes.current(read.fresh) ?? null
    return watched === null ? lists.nodes.read('', read) : known(watched)
  }

  async function webhooks(read: ReadOptions): Promise<Fact<readonly Fields[]>> {
    const watched = watches?.webhooks.current(read.fresh) ?? null
    return watched === null ? lists.webhooks.read('', read) : known(watched)
  }

  async function namespace(
    name: string,
    read: ReadOptions,
  ): Promise<Fact<NamespaceFacts>> {
    return isName(name) ? objects.namespaces.read(`/${name}`, read) : absent
  }

  return {
    namespace,
    async secret(inNamespace, name, read) {
      if (options.secrets === 'none') return unknown('access to Secrets is switched off')
      if (!isName(inNamespace) || !isName(name)) return absent
      return objects.secrets.read(`${inNamespace}/${name}`, read)
    },
    async serviceAccount(inNamespace, name, read) {
      if (!isName(inNamespace) || !isName(name)) return absent
      return objects.serviceAccounts.read(`${inNamespace}/${name}`, read)
    },
    nodes,
    autoscalerSigns: (read) => signs.read('', read),
    async podsUsingRegistry(registry, read) {
      const fact = await lists.pods.read('', read)
      return fact.status === 'known' ? known(fact.value.get(registry) ?? []) : fact
    },
    async podMutators(inNamespace, read) {
      const [configurations, facts] = await Promise.all([
        webhooks(read),
        namespace(inNamespace, read),
      ])
      if (configurations.status !== 'known') return configurations
      const labels = facts.status === 'known' ? facts.value.labels : null
      return known(
        configurations.value.flatMap((fields) => webhooksHandlingPods(fields, labels)),
      )
    },
    async namespacesWithSecret(name, { signal }) {
      if (!options.mayListSecrets || options.secrets === 'none') {
        return unknown('other namespaces are not looked at')
      }
      if (!isName(name)) return known([])
      return signal.aborted
        ? tooLate
        : orTooLate(namespacesWithSecret(client, name), signal)
    },
  }
}

/** Short caches of single objects, keyed `namespace/name`. */
function objectCaches(client: ApiClient, now: () => number) {
  const bounds = {
    maxEntries: MAX_OBJECTS,
    maxBytes: MAX_OBJECT_BYTES,
    ttl: OBJECT_TTL,
    now,
  }
  return {
    secrets: createFactCache<SecretFacts>({
      ...bounds,
      maxBytes: MAX_SECRET_BYTES,
      async load(key) {
        const identity = identityOf(key)
        const path = namespacedPath('secrets', identity)
        return getObject(client, { path, kind: 'Secret', identity, read: readSecret })
      },
    }),
    serviceAccounts: createFactCache<ServiceAccountFacts>({
      ...bounds,
      async load(key) {
        const identity = identityOf(key)
        const path = namespacedPath('serviceaccounts', identity)
        const kind = 'ServiceAccount'
        return getObject(client, { path, kind, identity, read: readServiceAccount })
      },
    }),
    namespaces: createFactCache<NamespaceFacts>({
      ...bounds,
      async load(key) {
        const identity = identityOf(key)
        const path = `/api/v1/namespaces/${identity.name}`
        const read = (fields: Fields) => readNamespace(fields, identity.name)
        return getObject(client, { path, kind: 'Namespace', identity, read })
      },
    }),
  }
}

const absent = { status: 'absent' } as const

function known<T>(value: T): Fact<T> {
  return { status: 'known', value }
}

function unknown(reason: string): { status: 'unknown'; reason: string } {
  return { status: 'unknown', reason }
}
