import type { Fields } from '../json/fields.ts'
import { groupOf, valueAt } from '../workload/workload-kinds.ts'
import type { ApiClient } from './api-client.ts'
import { listObjects } from './api-list.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { fieldsList, fieldsOrEmpty, textMap, textOrEmpty } from './lenient-fields.ts'
import { parseLabelSelector, selects } from './label-selector-text.ts'

/** A kind as it is written in objects; `group/*` is whichever version of the group the cluster prefers. */
export interface ListedKind {
  apiVersion: string
  kind: string
}

export interface ListOptions {
  kind: ListedKind
  /** Null for every namespace. */
  namespace: string | null
  /** As `kubectl get -l` takes it; empty for all. */
  labels: string
  /** A field selector of the form `metadata.name=web,spec.nodeName=n1`; absent for all. */
  fields?: string
}

export type Listing<T> =
  | { status: 'listed'; items: T[] }
  /** The cluster does not have this kind. */
  | { status: 'no-such-kind' }
  /** `reason` may be shown to a user. */
  | { status: 'unlisted'; reason: string }

/** Objects of a cluster, or of a folder that stands for one. */
export interface ObjectLister {
  /** Each object is reduced as it comes, so that a page of them need not be kept; null leaves one out. */
  list<T extends object>(
    options: ListOptions,
    reduce: (fields: Fields) => T | null,
  ): Promise<Listing<T>>
}

/** A page is in memory several times while it is read, and may be 100 kB an object. */
const PAGE_SIZE = 100
const MAX_PAGES = 2_000

/** Kinds of Kubernetes itself that are served under these names: no need to ask which. */
const RESOURCES: Readonly<Record<string, string>> = {
  'v1 Pod': 'pods',
  'v1 ReplicationController': 'replicationcontrollers',
  'v1 PodTemplate': 'podtemplates',
  'v1 Event': 'events',
  'apps/v1 Deployment': 'deployments',
  'apps/v1 ReplicaSet': 'replicasets',
  'apps/v1 StatefulSet': 'statefulsets',
  'apps/v1 DaemonSet': 'daemonsets',
  'batch/v1 Job': 'jobs',
  'batch/v1 CronJob': 'cronjobs',
}

/** The path of a kind's collection: of a namespace, or of all. */
export function collectionPath(
  apiVersion: string,
  resource: string,
  namespace: string | null,
): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return namespace === null
    ? `${root}/${resource}`
    : `${root}/namespaces/${namespace}/${resource}`
}

/** The resource name of a kind of Kubernetes itself that we read, such as `pods`; null for any other. */
export function builtInResource({ apiVersion, kind }: ListedKind): string | null {
  return RESOURCES[`${apiVersion} ${kind}`] ?? null
}

/** Paged lists of the API server. */
export function apiObjectLister(client: ApiClient): ObjectLister {
  return {
    async list<T extends object>(
      options: ListOptions,
      reduce: (fields: Fields) => T | null,
    ): Promise<Listing<T>> {
      const found = await findResource(client, options.kind)
      if (found.status !== 'found') return found
      const { apiVersion, resource } = found
      let items: T[] = []
      const listed = await listObjects(
        client,
        {
          path: collectionPath(apiVersion, resource, options.namespace),
          query: {
            ...(options.labels === '' ? {} : { labelSelector: options.labels }),
            ...(options.fields === undefined ? {} : { fieldSelector: options.fields }),
          },
          pageSize: PAGE_SIZE,
          maxPages: MAX_PAGES,
        },
        {
          reset: () => {
            items = []
          },
          take(fields) {
            // Items of a typed list name neither.
            const item = reduce({ ...fields, apiVersion, kind: options.kind.kind })
            if (item !== null) items.push(item)
          },
        },
      )
      if (listed.status === 'known') return { status: 'listed', items }
      if (listed.status === 'absent') return { status: 'no-such-kind' }
      return { status: 'unlisted', reason: listed.reason }
    },
  }
}

type FoundResource =
  | { status: 'found'; apiVersion: string; resource: string }
  | { status: 'no-such-kind' }
  | { status: 'unlisted'; reason: string }

/** By discovery where the kind is not one of Kubernetes itself. */
async function findResource(client: ApiClient, kind: ListedKind): Promise<FoundResource> {
  const known = builtInResource(kind)
  if (known !== null)
    return { status: 'found', apiVersion: kind.apiVersion, resource: known }
  let { apiVersion } = kind
  if (apiVersion.endsWith('/*')) {
    const group = await client.get({ path: `/apis/${groupOf(apiVersion)}` })
    if (group.status !== 'ok') return undiscovered(group)
    const preferred = fieldsOrEmpty(group.object.preferredVersion)
    apiVersion = textOrEmpty(preferred.groupVersion)
  }
  if (!VERSION.test(apiVersion)) return { status: 'no-such-kind' }
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const resources = await client.get({ path: root })
  if (resources.status !== 'ok') return undiscovered(resources)
  const resource = fieldsList(resources.object.resources)
    .filter((entry) => entry.kind === kind.kind)
    .map(({ name }) => textOrEmpty(name))
    .find((name) => RESOURCE.test(name))
  if (resource === undefined) return { status: 'no-such-kind' }
  return { status: 'found', apiVersion, resource }
}

/** Both become a part of a path. A subresource (`rollouts/status`) is no collection. */
const VERSION = /^([a-z0-9][-a-z0-9.]*\/)?[a-z0-9]+$/
const RESOURCE = /^[a-z0-9]+$/

function undiscovered(
  answer: Exclude<Awaited<ReturnType<ApiClient['get']>>, { status: 'ok' }>,
): FoundResource {
  if (answer.status === 'not-found') return { status: 'no-such-kind' }
  const reason =
    answer.status === 'failed' ? answer.reason : 'the API server answered 410'
  return { status: 'unlisted', reason }
}

/** The same of objects in memory. */
export function memoryObjectLister(objects: readonly KubernetesObject[]): ObjectLister {
  return {
    async list({ kind, namespace, labels, fields: selection = '' }, reduce) {
      const selector = parseLabelSelector(labels)
      const group = groupOf(kind.apiVersion)
      const items = objects
        .filter(
          (object) =>
            object.kind === kind.kind &&
            object.group === group &&
            (namespace === null || object.namespace === namespace) &&
            hasFields(object.fields, selection) &&
            selects(selector, textMap(fieldsOrEmpty(object.fields.metadata).labels)),
        )
        .map(({ fields, namespace: home }) => {
          const metadata = { ...fieldsOrEmpty(fields.metadata), namespace: home }
          return reduce({ ...fields, metadata })
        })
        .filter((item) => item !== null)
      return { status: 'listed', items }
    },
  }
}

function hasFields(object: Fields, selection: string): boolean {
  return selection.split(',').every((part) => {
    const equals = part.indexOf('=')
    if (equals === -1) return true
    const path = part.slice(0, equals).split('.')
    return textOrEmpty(valueAt(object, path)) === part.slice(equals + 1)
  })
}
