import type { ListedKind, ObjectLister } from '../cluster/object-lister.ts'
import { fieldsOrEmpty, textOrEmpty } from '../cluster/lenient-fields.ts'
import { parseLabelSelector, selects } from '../cluster/label-selector-text.ts'
import type { Fields } from '../json/fields.ts'
import { printable } from '../text/printable.ts'
import { valueBefore } from '../time/value-before.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'
import { readWorkload } from '../workload/read-workload.ts'
import type { NodeSelectorRequirement, Workload } from '../workload/workload.ts'
import type { AuditProblem, PodGroup } from './audit-result.ts'
import { clusterKinds, kindKey, objectKey, POD } from './cluster-kinds.ts'
import type { CollectedWorkload } from './collect-manifests.ts'
import { createFolding } from './fold-owners.ts'
import type { Folding } from './fold-owners.ts'
import { isActive, isFinishedPod, runsByItself } from './is-active.ts'

export interface ClusterSelection {
  /** Null for every namespace. */
  namespaces: readonly string[] | null
  /** As `kubectl get -l` takes it; empty for all. */
  labels: string
  /** Also what is suspended, finished or scaled to zero. */
  includeInactive: boolean
}

export interface CollectClusterOptions {
  lister: ObjectLister
  selection: ClusterSelection
  rules: readonly CustomResourceRule[]
  signal: AbortSignal
  /** Told of each kind before it is listed. */
  onKind?: (kind: string) => void
}

export interface ClusterWorkload extends CollectedWorkload {
  /** The Pods that it has now. */
  pods: PodGroup[]
}

export interface ClusterCollection {
  /** By namespace, kind and name; one for each object that nothing else in the list makes. */
  workloads: ClusterWorkload[]
  problems: AuditProblem[]
  /** Left out because they are suspended, finished or scaled to zero; what others make is not counted. */
  inactive: number
}

/** A field of an object that comes from a cluster stands in no file. */
const nowhere = (): null => null

/**
 * Every workload of a cluster, page by page, each reduced to what is judged as it comes. What a controller made is folded into
 * it: ReplicaSets and Pods into their Deployment, whose template is the only one that counts; Jobs into their CronJob, unless that
 * one is left out while they run. A list that is refused is told of, and what its objects own then stands for itself. Throws InvalidLabelSelector.
 */
export async function collectCluster(
  options: CollectClusterOptions,
): Promise<ClusterCollection> {
  const { selection, rules, signal } = options
  const selector = parseLabelSelector(selection.labels)
  const folding = createFolding()
  const problems: AuditProblem[] = []
  let inactive = 0
  for (const kind of clusterKinds(rules, selection.includeInactive)) {
    if (signal.aborted) break
    options.onKind?.(kind.kind)
    const reader = createReader({ ...options, kind, selector, problems, folding })
    const { items, complete } = await listEverywhere(kind, {
      ...options,
      reader,
      problems,
    })
    if (complete) folding.listed(kindKey(kind.apiVersion, kind.kind))
    inactive += addItems(items, folding)
  }
  return { workloads: folding.rows().map(toCollected), problems, inactive }
}

function toCollected(row: { workload: Workload; pods: PodGroup[] }): ClusterWorkload {
  return { ...row, positionOf: nowhere }
}

/** What is kept of one object. */
interface Item {
  key: string
  /** Of its controller. */
  owner: string | null
  ownerKind: string | null
  /** Null for what is only counted, or only leads from a Pod to its owner. */
  workload: Workload | null
  isActive: boolean
  /** Of Pods alone. */
  pod: { node: string | null; images: string } | null
}

function addItems(items: readonly Item[], folding: Folding): number {
  let inactive = 0
  for (const item of items) {
    folding.add(item)
    if (!item.isActive && item.workload === null && item.owner === null) inactive += 1
  }
  return inactive
}

interface ReaderOptions extends CollectClusterOptions {
  kind: ListedKind
  selector: readonly NodeSelectorRequirement[]
  problems: AuditProblem[]
  /** With the owners of what is read. */
  folding: Pick<Folding, 'isLeftOut'>
}

function createReader(options: ReaderOptions): (fields: Fields) => Item | null {
  const { rules, selector, selection, problems, folding } = options
  const isPod = options.kind === POD
  return (fields) => {
    const read = readWorkload(fields, rules)
    if (read.status === 'malformed') {
      const name = textOrEmpty(fieldsOrEmpty(fields.metadata).name)
      const message = `${options.kind.kind} ${printable(name, 253)}: ${read.reason}`
      problems.push({ message, position: null })
    }
    if (read.status !== 'workload' || isMirrorPod(read.workload)) return null
    const { workload } = read
    if (workload.deleting) return null
    const isLive = isActive(workload, fields)
    const { controller, object } = workload
    const controlledBy =
      controller === null
        ? null
        : objectKey({ ...object, ...controller, namespace: object.namespace })
    const goesOnAlone =
      isLive &&
      controlledBy !== null &&
      runsByItself(object.kind) &&
      folding.isLeftOut(controlledBy)
    const wanted = goesOnAlone || selects(selector, workload.labels)
    return {
      key: objectKey(object),
      owner: goesOnAlone ? null : controlledBy,
      ownerKind:
        controller === null ? null : kindKey(controller.apiVersion, controller.kind),
      workload:
        wanted && (isLive || selection.includeInactive) ? withoutBallast(workload) : null,
      isActive: isLive || !wanted,
      pod: isPod && !isFinishedPod(fields) ? countedPod(workload, fields) : null,
    }
  }
}

/** A mirror Pod only shows what a kubelet runs from a file of its own; the API server cannot change it. */
function isMirrorPod({ annotations }: Workload): boolean {
  return Object.hasOwn(annotations, 'kubernetes.io/config.mirror')
}

/** The whole object once more, as kubectl apply left it there. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

function withoutBallast(workload: Workload): Workload {
  const { [LAST_APPLIED]: _dropped, ...annotations } = workload.annotations
  const podAnnotations =
    workload.form === 'pod' ? annotations : { ...workload.podAnnotations }
  return { ...workload, annotations, podAnnotations }
}

function countedPod(workload: Workload, fields: Fields): NonNullable<Item['pod']> {
  const images = [...new Set(workload.images.map(({ image }) => image))].toSorted()
  const node = textOrEmpty(fieldsOrEmpty(fields.spec).nodeName)
  return { node: node === '' ? null : node, images: JSON.stringify(images) }
}

interface ListEverywhereOptions extends CollectClusterOptions {
  reader: (fields: Fields) => Item | null
  problems: AuditProblem[]
}

/** Of all namespaces that are wanted. What is folded into others is listed whole, since its labels need not be its owner's. */
async function listEverywhere(
  kind: ListedKind,
  { lister, selection, reader, problems, signal }: ListEverywhereOptions,
): Promise<{ items: Item[]; complete: boolean }> {
  const items: Item[] = []
  let complete = true
  for (const namespace of selection.namespaces ?? [null]) {
    if (signal.aborted) return { items, complete: false }
    const labels = TOP.has(kind.kind) ? selection.labels : ''
    const listing = await valueBefore(
      signal,
      lister.list({ kind, namespace, labels }, reader),
      () => interrupted,
    )
    if (listing.status === 'listed') items.push(...listing.items)
    if (listing.status === 'unlisted') {
      complete = false
      const where = namespace === null ? 'of the cluster' : `of namespace ${namespace}`
      const message = `cannot list ${kind.kind} objects ${where}: ${listing.reason}`
      problems.push({ message, position: null })
    }
  }
  return { items, complete }
}

const interrupted = { status: 'unlisted', reason: 'interrupted' } as const

/** Kinds of Kubernetes that nothing of Kubernetes itself makes: only those that are wanted need be sent. */
const TOP: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'CronJob',
  'PodTemplate',
])
