import type { AutoscalerSign, Fact } from '../prediction/cluster-facts.ts'
import type { ApiClient } from './api-client.ts'
import { fieldsList } from './lenient-fields.ts'

/** Where a cluster autoscaler writes how it fares (kubernetes/autoscaler, --status-config-map-name and --namespace). */
export const AUTOSCALER_STATUS = {
  namespace: 'kube-system',
  name: 'cluster-autoscaler-status',
} as const

const KARPENTER_GROUP = 'karpenter.sh'

/**
 * What shows beside the nodes that nodes may be added. Karpenter is seen in the list of API groups, which every identity may
 * read; the status of a cluster autoscaler is one ConfigMap by name. One sign is enough; without any, all must have been seen.
 */
export async function autoscalerSigns(
  client: Pick<ApiClient, 'get'>,
): Promise<Fact<AutoscalerSign[]>> {
  const { namespace, name } = AUTOSCALER_STATUS
  const [groups, status] = await Promise.all([
    client.get({ path: '/apis' }),
    client.get({ path: `/api/v1/namespaces/${namespace}/configmaps/${name}` }),
  ])
  const signs: AutoscalerSign[] = []
  if (groups.status === 'ok' && hasKarpenter(groups.object.groups))
    signs.push('karpenter')
  if (status.status === 'ok') signs.push('cluster-autoscaler')
  if (signs.length > 0) return { status: 'known', value: signs }
  if (groups.status !== 'ok')
    return { status: 'unknown', reason: `the API groups cannot be read: ${why(groups)}` }
  if (status.status !== 'not-found')
    return {
      status: 'unknown',
      reason: `the ConfigMap ${namespace}/${name} cannot be read: ${why(status)}`,
    }
  return { status: 'known', value: [] }
}

function hasKarpenter(groups: unknown): boolean {
  return fieldsList(groups).some(({ name }) => name === KARPENTER_GROUP)
}

function why(answer: Awaited<ReturnType<ApiClient['get']>>): string {
  return answer.status === 'failed' ? answer.reason : 'no usable answer'
}
