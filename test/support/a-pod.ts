import type { Workload } from '../../src/workload/workload.ts'

/** A bare Pod of team-a without anything of interest, but for the changes. */
export function aPod(changes: Partial<Workload> = {}): Workload {
  return {
    object: { apiVersion: 'v1', kind: 'Pod', namespace: 'team-a', name: 'web' },
    form: 'pod',
    images: [],
    pullSecrets: [],
    serviceAccountName: null,
    placement: {
      nodeName: null,
      nodeSelector: {},
      requiredNodeAffinity: null,
      tolerations: [],
      os: null,
      everyNode: false,
    },
    labels: {},
    annotations: {},
    podLabels: {},
    podAnnotations: {},
    controller: null,
    replicas: null,
    suspended: false,
    deleting: false,
    ...changes,
  }
}
