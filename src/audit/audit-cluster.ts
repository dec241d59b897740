import type { Predictor } from '../prediction/predictor.ts'
import type { Workload } from '../workload/workload.ts'
import type { AuditOutcome } from './audit-result.ts'
import { auditWorkloads } from './audit-workloads.ts'
import type { AuditWorkloadsOptions } from './audit-workloads.ts'
import { objectKey } from './cluster-kinds.ts'
import type { ClusterCollection } from './collect-cluster.ts'
import { groupObjects } from './group-outcome.ts'

export interface AuditClusterOptions extends AuditWorkloadsOptions {
  /** Told after each object that was looked up. */
  onProgress?: (done: number) => void
}

/**
 * Judges what was collected of a cluster. When the signal fires, the outcome holds what was judged by then; what was under way is
 * left out rather than called unverified.
 */
export async function auditCluster(
  collection: ClusterCollection,
  options: AuditClusterOptions,
): Promise<AuditOutcome> {
  const { workloads } = collection
  const finished = new Set<string>()
  const predictor = reportingPredictor(options, ({ object }) => {
    finished.add(objectKey(object))
    options.onProgress?.(finished.size)
  })
  const judged = await auditWorkloads(workloads, { ...options, predictor })
  const podsOf = new Map(
    workloads.map(({ workload, pods }) => [objectKey(workload.object), pods]),
  )
  const objects = judged.filter(
    ({ object, exempted }) => exempted !== null || finished.has(objectKey(object)),
  )
  for (const audited of objects) {
    audited.pods = podsOf.get(objectKey(audited.object)) ?? []
  }
  const problems = [...collection.problems]
  if (options.signal.aborted) {
    const message = `interrupted: ${objects.length} of ${workloads.length} objects were judged`
    problems.push({ message, position: null })
  }
  return { objects, problems, groups: groupObjects(objects) }
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
