import { fieldsList, fieldsOrEmpty, textOrEmpty } from '../cluster/lenient-fields.ts'
import type { Fields } from '../json/fields.ts'
import type { Workload } from '../workload/workload.ts'

const FINISHED_PHASES = new Set(['Succeeded', 'Failed'])
const FINISHED_JOB = new Set([
  'Complete',
  'Failed',
  'SuccessCriteriaMet',
  'FailureTarget',
])

/** Whether a Pod has ended for good: nothing of it is pulled again. */
export function isFinishedPod(fields: Fields): boolean {
  return FINISHED_PHASES.has(textOrEmpty(fieldsOrEmpty(fields.status).phase))
}

/**
 * Whether an object has Pods or makes some without anybody's doing. Suspended and finished Jobs, suspended CronJobs, what is
 * scaled to zero and PodTemplates do not. A paused Deployment does: its ReplicaSet goes on.
 */
export function isActive(workload: Workload, fields: Fields): boolean {
  const { kind } = workload.object
  if (workload.replicas === 0 || kind === 'PodTemplate') return false
  if (workload.suspended && kind !== 'Deployment') return false
  if (kind === 'Pod') return !isFinishedPod(fields)
  if (kind !== 'Job') return true
  return !fieldsList(fieldsOrEmpty(fields.status).conditions).some(
    ({ type, status }) => FINISHED_JOB.has(textOrEmpty(type)) && status === 'True',
  )
}

/**
 * Whether an active object goes on when what made it is suspended: a Job that somebody started from a suspended CronJob runs to
 * its end. Of a Deployment scaled to zero, or a Job that is suspended, the controller removes the rest.
 */
export function runsByItself(kind: string): boolean {
  return kind === 'Job' || kind === 'CronJob'
}
