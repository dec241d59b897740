import type { ListedKind, ObjectLister } from '../cluster/object-lister.ts'
import { parseLabelSelector } from '../cluster/label-selector-text.ts'
import type { Fields } from '../json/fields.ts'
import { valueBefore } from '../time/value-before.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'
import type { Workload } from '../workload/workload.ts'
import type { AuditProblem, PodGroup } from './audit-result.ts'
import { clusterKinds, kindKey } from './cluster-kinds.ts'
import type { CollectedWorkload } from './collect-manifests.ts'
import { createFolding } from './fold-owners.ts'
import type { FoldedItem, Folding } from './fold-owners.ts'
import { createItemReader } from './read-cluster-item.ts'

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
    const { includeInactive } = selection
    const reader = createItemReader({
      rules,
      includeInactive,
      kind,
      selector,
      problems,
      folding,
    })
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

function addItems(items: readonly FoldedItem[], folding: Folding): number {
  let inactive = 0
  for (const item of items) {
    folding.add(item)
    if (!item.isActive && item.workload === null && item.owner === null) inactive += 1
  }
  return inactive
}

interface ListEverywhereOptions extends CollectClusterOptions {
  reader: (fields: Fields) => FoldedItem | null
  problems: AuditProblem[]
}

/** Of all namespaces that are wanted. What is folded into others is listed whole, since its labels need not be its owner's. */
async function listEverywhere(
  kind: ListedKind,
  { lister, selection, reader, problems, signal }: ListEverywhereOptions,
): Promise<{ items: FoldedItem[]; complete: boolean }> {
  const items: FoldedItem[] = []
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
