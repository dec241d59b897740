import type { Workload } from '../workload/workload.ts'
import type { PodGroup } from './audit-result.ts'

/** What is kept of one object. */
export interface FoldedItem {
  key: string
  /** Key and kind of its controller; null where it has none. */
  owner: string | null
  ownerKind: string | null
  /** Null for what is no row of its own: not wanted, or not active. */
  workload: Workload | null
  isActive: boolean
  /** Of a Pod that has not ended: the node, null before it has one, and its images as JSON. */
  pod: { node: string | null; images: string } | null
}

export interface FoldedRow {
  workload: Workload
  pods: PodGroup[]
}

/** Objects and their owners, while they come in; a row is what nothing else of the listed kinds makes. */
export interface Folding {
  add(item: FoldedItem): void
  /** Every object of this kind (see kindKey) has been added: what names one as its controller is folded into it. */
  listed(kind: string): void
  /** Whether what this object is folded into, itself perhaps, is left out for being inactive. Owners are added first. */
  isLeftOut(key: string): boolean
  /** By namespace, kind and name. */
  rows(): FoldedRow[]
}

/** ReplicaSets of Deployments of Rollouts of ApplicationSets: nobody stacks deeper. */
const MAX_DEPTH = 8

interface Link {
  owner: string
  ownerKind: string
}

type Counts = Map<string, { node: string | null; images: string; count: number }>

/** Kubernetes' own kinds need not be seen to be folded into: an object of one that is not there is about to go as well. */
const CUSTOM_KIND = /\./

export function createFolding(): Folding {
  const kinds = new Set<string>()
  const links = new Map<string, Link>()
  const seen = new Set<string>()
  const leftOut = new Set<string>()
  const workloads = new Map<string, Workload>()
  const pods = new Map<string, Counts>()

  /** The owner that an object is folded into; null when it stands for itself. */
  function foldedInto(key: string): string | null {
    const link = links.get(key)
    if (link === undefined || !kinds.has(link.ownerKind)) return null
    return isCustom(link.ownerKind) && !seen.has(link.owner) ? null : link.owner
  }

  function rootOf(key: string): string {
    let root = key
    for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
      const owner = foldedInto(root)
      if (owner === null) return root
      root = owner
    }
    return root
  }

  /** Pods that one operator made alike are one row: the first by name. */
  function twins(): Map<string, string> {
    const firsts = new Map<string, string>()
    const twinOf = new Map<string, string>()
    for (const key of [...workloads.keys()].toSorted()) {
      const workload = workloads.get(key)
      const link = links.get(key)
      if (workload === undefined || workload.form !== 'pod' || link === undefined)
        continue
      const { images, pullSecrets, serviceAccountName } = workload
      const looks = JSON.stringify([link.owner, images, pullSecrets, serviceAccountName])
      const first = firsts.get(looks) ?? key
      firsts.set(looks, first)
      twinOf.set(key, first)
    }
    return twinOf
  }

  function countInto(total: Counts, more: Counts): void {
    for (const [key, group] of more) {
      const known = total.get(key)
      total.set(key, { ...group, count: group.count + (known?.count ?? 0) })
    }
  }

  return {
    listed: (kind) => void kinds.add(kind),

    add({ key, owner, ownerKind, workload, isActive, pod }) {
      // A Pod that is folded for sure is only counted, so that a hundred thousand of them take no room.
      const isCounted = pod !== null && ownerKind !== null && isKnownOwner(ownerKind)
      const counted = isCounted && owner !== null ? owner : key
      if (!isCounted) {
        seen.add(key)
        if (!isActive && workload === null) leftOut.add(key)
        if (owner !== null && ownerKind !== null) links.set(key, { owner, ownerKind })
        if (workload !== null && foldedInto(key) === null) workloads.set(key, workload)
      }
      if (pod === null) return
      const id = `${pod.node ?? ''} ${pod.images}`
      const counts: Counts = pods.get(counted) ?? new Map()
      const known = counts.get(id)
      counts.set(id, { ...pod, count: (known?.count ?? 0) + 1 })
      pods.set(counted, counts)
    },

    isLeftOut: (key) => leftOut.has(rootOf(key)),

    rows() {
      const twinOf = twins()
      const totals = new Map<string, Counts>()
      for (const [key, counts] of pods) {
        const root = rootOf(key)
        const row = twinOf.get(root) ?? root
        const total: Counts = totals.get(row) ?? new Map()
        countInto(total, counts)
        totals.set(row, total)
      }
      return [...workloads]
        .filter(([key]) => foldedInto(key) === null && (twinOf.get(key) ?? key) === key)
        .map(([key, workload]) => ({ workload, pods: podGroups(totals.get(key)) }))
        .toSorted((a, b) => compareObjects(a.workload, b.workload))
    },
  }

  function isKnownOwner(ownerKind: string): boolean {
    return kinds.has(ownerKind) && !isCustom(ownerKind)
  }
}

function isCustom(kind: string): boolean {
  return CUSTOM_KIND.test(kind.slice(0, kind.indexOf('/')))
}

function podGroups(counts: Counts | undefined): PodGroup[] {
  return [...(counts?.values() ?? [])].map(({ node, images, count }) => ({
    node,
    images: JSON.parse(images) as string[],
    count,
  }))
}

function compareObjects(a: Workload, b: Workload): number {
  return (
    compare(a.object.namespace, b.object.namespace) ||
    compare(a.object.kind, b.object.kind) ||
    compare(a.object.name, b.object.name)
  )
}

/** By code units, the same everywhere. */
function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
