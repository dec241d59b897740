import type { Predictor } from '../prediction/predictor.ts'
import type { Workload } from '../workload/workload.ts'
import type { AuditOutcome } from './audit-result.ts'
import { auditWorkloads } from './audit-workloads.ts'
import type { AuditWorkloadsOptions } from './audit-workloads.ts'
import { objectKey } from './cluster-kinds.ts'
import type { ClusterCollection, ClusterWorkload } from './collect-cluster.ts'
import { groupObjects } from './group-outcome.ts'

export interface AuditClusterOptions extends AuditWorkloadsOptions {
  /** Told after each object that was looked up. */
  onProgress?: (done: number) => void
}

/**
 * Judges what was collected of a cluster, and takes each workload out of the collection, for it is large and its verdict is small. When the signal fires, the outcome holds what was judged by then; what was under way is
 * left out rather than called unverified.
 */
export async function auditCluster(
  collection: ClusterCollection,
  options: AuditClusterOptions,
): Promise<AuditOutcome> {
  const { workloads } = collection
  const total = workloads.length
  const finished = new Set<string>()
  const predictor = reportingPredictor(options, ({ object }) => {
    finished.add(objectKey(object))
    options.onProgress?.(finished.size)
  })
  const podsOf = new Map(
    workloads.map(({ workload, pods }) => [objectKey(workload.object), pods]),
  )
  const judged = await auditWorkloads(takenFrom(workloads), { ...options, predictor })
  const objects = judged.filter(
    ({ object, exempted }) => exempted !== null || finished.has(objectKey(object)),
  )
  for (const audited of objects) {
    audited.pods = podsOf.get(objectKey(audited.object)) ?? []
  }
  const problems = [...collection.problems]
  if (options.signal.aborted) {
    const message = `interrupted: ${objects.length} of ${total} objects were judged`
    problems.push({ message, position: null })
  }
  return { objects, problems, groups: groupObjects(objects) }
}

function* takenFrom(workloads: ClusterWorkload[]): Generator<ClusterWorkload> {
  workloads.reverse()
  for (let next = workloads.pop(); next !== undefined; next = workloads.pop()) yield next
}

/** Tells of each object whose images were all looked up before the signal fired. */
function reportingPredictor(
  { predictor, signal }: AuditClusterOptions,
  onDone: (workload: Workload) => void,
): Predictor {
  return {
    async predict(request) {
      const predictions = await predictor.predict(request)
      if (!signal.aborted) onDone(request.workload)
      return predictions
    },
  }
}
