import type { AuditOutcome, AuditProblem } from './audit-result.ts'
import { auditWorkloads } from './audit-workloads.ts'
import type { AuditWorkloadsOptions } from './audit-workloads.ts'
import { objectKey } from './cluster-kinds.ts'
import type { ClusterCollection, ClusterWorkload } from './collect-cluster.ts'
import { groupObjects } from './group-outcome.ts'

/**
 * Judges what was collected of a cluster, as auditWorkloads does. Each workload is taken out of the collection, for it is large, and
 * its verdict is small.
 */
export async function auditCluster(
  collection: ClusterCollection,
  options: AuditWorkloadsOptions,
): Promise<AuditOutcome> {
  const { workloads } = collection
  const total = workloads.length
  const podsOf = new Map(
    workloads.map(({ workload, pods }) => [objectKey(workload.object), pods]),
  )
  const objects = await auditWorkloads(takenFrom(workloads), options)
  for (const audited of objects) {
    audited.pods = podsOf.get(objectKey(audited.object)) ?? []
  }
  const problems = [...collection.problems]
  if (options.signal.aborted) problems.push(interruption(objects.length, total))
  const { inactive } = collection
  return { objects, problems, groups: groupObjects(objects), inactive }
}

function* takenFrom(workloads: ClusterWorkload[]): Generator<ClusterWorkload> {
  workloads.reverse()
  for (let next = workloads.pop(); next !== undefined; next = workloads.pop()) yield next
}

/** How far a run came that was ended early. */
export function interruption(judged: number, total: number): AuditProblem {
  const message = `interrupted: ${judged} of ${total} objects were judged`
  return { message, position: null }
}
