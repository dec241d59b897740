import type { AutoscalerSign, Fact, NodeFacts } from '../cluster-facts.ts'

/** Labels that only managed or autoscaled node pools carry. */
const POOL_LABELS: readonly string[] = [
  'karpenter.sh/nodepool',
  'karpenter.sh/provisioner-name',
  'eks.amazonaws.com/nodegroup',
  'eks.amazonaws.com/compute-type',
  'alpha.eksctl.io/nodegroup-name',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
  'agentpool',
  'kops.k8s.io/instancegroup',
  'node.openshift.io/os_id',
  'doks.digitalocean.com/node-pool',
  'lke.linode.com/pool-id',
  'k8s.scaleway.com/pool',
  'k8s.ovh.net/nodepool',
  'node.cluster.x-k8s.io/instance-type',
]

/**
 * Schemes of spec.providerID that are no cloud's: their nodes are made by hand, or by a developer's tool. Any other is written
 * by a cloud's controller, whose machines an autoscaler can order, wherever that one writes its status.
 */
const OWN_MACHINES: ReadonlySet<string> = new Set([
  'kind',
  'k3s',
  'k3d',
  'rke2',
  'minikube',
])

/** Nodes that stand for another cluster or a service (Virtual Kubelet, Liqo): what runs there may have any platform. */
const STAND_INS: readonly [label: string, value: string][] = [
  ['type', 'virtual-kubelet'],
  ['liqo.io/type', 'virtual-node'],
]

/** Taints that only an autoscaler puts on nodes. */
const AUTOSCALER_TAINTS: ReadonlySet<string> = new Set([
  'ToBeDeletedByClusterAutoscaler',
  'DeletionCandidateOfClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'karpenter.sh/unregistered',
])

const MAY_ADD = 'so an autoscaler may add nodes of another platform.'

/**
 * What nodes themselves show of an autoscaler, as a full sentence; null when nothing. All nodes are looked at, not the eligible
 * ones alone: where one pool scales, another may.
 */
export function autoscalerSignOf(nodes: readonly NodeFacts[]): string | null {
  for (const { labels, taints, providerID = '' } of nodes) {
    const label = POOL_LABELS.find((name) => Object.hasOwn(labels, name))
    if (label !== undefined) return `Nodes carry the label ${label}, ${MAY_ADD}`
    const taint = taints.find(({ key }) => AUTOSCALER_TAINTS.has(key))
    if (taint !== undefined) return `Nodes carry the taint ${taint.key}, ${MAY_ADD}`
    const standIn = STAND_INS.find(([name, value]) => labels[name] === value)
    if (standIn !== undefined)
      return `Nodes carry the label ${standIn.join('=')}: what they stand for may be of another platform.`
    const cloud = /^([a-z][a-z0-9.+-]*):\/\//.exec(providerID)?.[1]
    if (cloud !== undefined && !OWN_MACHINES.has(cloud))
      return `Nodes are machines of a provider (${cloud}), ${MAY_ADD}`
  }
  return null
}

/** What the cluster shows beside its nodes, as a full sentence. What may not be looked at is a sign, too: it softens. */
export function autoscalerSignIn(signs: Fact<AutoscalerSign[]>): string | null {
  if (signs.status === 'absent') return null
  if (signs.status === 'unknown')
    return `Whether an autoscaler may add nodes of another platform is not known (${signs.reason}).`
  const [sign] = signs.value
  switch (sign) {
    case undefined:
      return null
    case 'karpenter':
      return 'Karpenter is installed, which may add nodes of another platform.'
    case 'cluster-autoscaler':
      return 'A cluster autoscaler is at work, which may add nodes of another platform.'
    default:
      return sign satisfies never
  }
}
