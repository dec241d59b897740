import type { Workload } from './workload.ts'

/** The ServiceAccount of the Pods: the admission plugin sets `default` where none is named (pull-semantics 3.1). */
export function effectiveServiceAccountName(workload: Workload): string {
  return workload.serviceAccountName ?? 'default'
}

/**
 * Whether the kubelet will see the ServiceAccount's imagePullSecrets. The admission plugin copies them only into Pods whose
 * own list is empty, and before any validating webhook: a Pod's list is taken as seen (pull-semantics 3.1: "for Pods trust
 * `spec.imagePullSecrets` as seen").
 */
export function usesServiceAccountSecrets(workload: Workload): boolean {
  return workload.form !== 'pod' && workload.pullSecrets.length === 0
}
