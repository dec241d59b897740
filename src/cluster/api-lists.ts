import type { Fact, NodeFacts, PodFacts } from '../prediction/cluster-facts.ts'
import type { Fields } from '../json/fields.ts'
import type { ApiClient } from './api-client.ts'
import { identityIn, nameOf } from './api-get.ts'
import { listObjects, type ListRequest } from './api-list.ts'
import { createFactCache, oneList, type FactTtl } from './fact-cache.ts'
import { createPodEvidence } from './pod-evidence.ts'
import { readNode } from './read-facts.ts'
import { readPod } from './read-pod.ts'
import { watchList, type WatchedListOptions } from './watched-list.ts'

/** Lists cost the API server more, so a burst of denials shares one. */
const NODES_TTL: FactTtl = {
  absentMs: 2000,
  unknownMs: 2000,
  knownMs: 30_000,
  freshMs: 2000,
}
const WEBHOOKS_TTL: FactTtl = NODES_TTL
const PODS_TTL: FactTtl = {
  absentMs: 2000,
  unknownMs: 2000,
  knownMs: 60_000,
  freshMs: 15_000,
}

/** Of 500 objects each: 5,000 Nodes are what Kubernetes supports, with 150,000 Pods. */
const MAX_NODE_PAGES = 20
const MAX_POD_PAGES = 400
const MAX_WEBHOOK_PAGES = 4
const MAX_SECRET_PAGES = 20

/** Lists without the objects' contents: names are all that is wanted of Secrets. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

const NODES: ListRequest = { path: '/api/v1/nodes', maxPages: MAX_NODE_PAGES }
const WEBHOOKS: ListRequest = {
  path: '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  maxPages: MAX_WEBHOOK_PAGES,
}

/** Kept up to date by watches, for a process that runs for long. */
export function clusterWatches(
  options: Omit<WatchedListOptions<unknown>, 'path' | 'maxPages' | 'read'>,
) {
  return {
    nodes: watchList<NodeFacts>({ ...options, ...NODES, read: nodeReader() }),
    webhooks: watchList<Fields>({ ...options, ...WEBHOOKS, read: (fields) => fields }),
  }
}

/** The lists of a whole cluster; each has one entry, under the empty key. */
export function clusterLists(client: ApiClient, now: () => number) {
  const nodes = createFactCache<NodeFacts[]>({
    ...oneList,
    ttl: NODES_TTL,
    now,
    load: async () => collect(client, NODES, nodeReader()),
  })
  const webhooks = createFactCache<Fields[]>({
    ...oneList,
    ttl: WEBHOOKS_TTL,
    now,
    load: async () => collect(client, WEBHOOKS, (fields) => fields),
  })
  const pods = createFactCache<Map<string, PodFacts[]>>({
    ...oneList,
    ttl: PODS_TTL,
    now,
    async load() {
      const evidence = createPodEvidence()
      const listed = await listObjects(
        client,
        { path: '/api/v1/pods', maxPages: MAX_POD_PAGES },
        {
          reset: () => evidence.reset(),
          take: (fields) => evidence.take(readPod(fields, identityIn(fields))),
        },
      )
      return listed.status === 'known' ? evidence.byRegistry() : listed
    },
  })
  return { nodes, webhooks, pods }
}

/** By metadata alone. */
export async function namespacesWithSecret(
  client: ApiClient,
  name: string,
): Promise<Fact<string[]>> {
  const request: ListRequest = {
    path: '/api/v1/secrets',
    query: { fieldSelector: `metadata.name=${name}` },
    accept: METADATA_ONLY,
    maxPages: MAX_SECRET_PAGES,
  }
  return collect(client, request, (fields) => identityIn(fields).namespace)
}

/** Names come and go with every release; this many are some 10 MB. */
const MAX_SHARED_NAMES = 50_000

/** Nodes list the same images: one string for each name keeps thousands of Nodes small. */
function nodeReader(): (fields: Fields) => NodeFacts {
  const shared = new Map<string, string>()
  return (fields) => {
    if (shared.size > MAX_SHARED_NAMES) shared.clear()
    const node = readNode(fields, nameOf(fields))
    const images = node.images.map((image) => {
      const known = shared.get(image)
      if (known === undefined) shared.set(image, image)
      return known ?? image
    })
    return { ...node, images }
  }
}

async function collect<T>(
  client: ApiClient,
  request: ListRequest,
  read: (fields: Fields) => T,
): Promise<Fact<T[]>> {
  let values: T[] = []
  const listed = await listObjects(client, request, {
    reset: () => {
      values = []
    },
    take: (fields) => values.push(read(fields)),
  })
  return listed.status === 'known' ? { status: 'known', value: values } : listed
}
