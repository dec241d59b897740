import { matchesRequirement } from '../../workload/matches-requirement.ts'
import type {
  NodeSelectorTerm,
  Placement,
  Toleration,
  Workload,
} from '../../workload/workload.ts'
import type { NodeFacts } from '../cluster-facts.ts'

/**
 * Nodes that the scheduler may choose for a Pod: nodeName, nodeSelector, required node affinity, taints against tolerations,
 * and the os field. Readiness and cordons pass by, so they do not count, for a DaemonSet (which tolerates them) as for any
 * other. An operator, a field or an os that is not known makes a node match: one node too many only softens a verdict.
 */
export function eligibleNodes(
  placement: Placement,
  nodes: readonly NodeFacts[],
): readonly NodeFacts[] {
  const isSelected = selectorOf(placement)
  const isEligible = (node: NodeFacts): boolean =>
    isSelected(node) &&
    // A Pod with a nodeName passes by the scheduler, which is what looks at taints.
    (placement.nodeName !== null || tolerates(placement, node))
  // A list of thousands that is needed as it is need not be made once more for every review.
  return nodes.every(isEligible) ? nodes : nodes.filter(isEligible)
}

/**
 * Nodes that nothing but their taints keeps from what may still be given tolerations: a template as its Pods are made, a Pod
 * with scheduling gates as they are lifted (Kueue does both).
 */
export function nodesBehindTaints(
  { form, placement }: Pick<Workload, 'form' | 'placement'>,
  nodes: readonly NodeFacts[],
): NodeFacts[] {
  if (placement.nodeName !== null) return []
  if (form === 'pod' && placement.isGated !== true) return []
  const isSelected = selectorOf(placement)
  return nodes.filter((node) => !tolerates(placement, node) && isSelected(node))
}

/** Whether a node has every label of a nodeSelector; an empty one selects every node. */
export function hasLabels(
  node: NodeFacts,
  selector: Readonly<Record<string, string>>,
): boolean {
  return hasEach(node, Object.entries(selector))
}

function hasEach(node: NodeFacts, labels: readonly [string, string][]): boolean {
  return labels.every(([key, value]) =>
    isUntold(node, key) ? true : labelOf(node, key) === value,
  )
}

/** Everything but taints. */
function selectorOf(placement: Placement): (node: NodeFacts) => boolean {
  const { os, nodeName, requiredNodeAffinity: affinity } = placement
  const labels = Object.entries(placement.nodeSelector)
  return (node) => {
    if (os !== null && node.os !== '' && os !== node.os) return false
    if (nodeName !== null) return nodeName === node.name
    if (!hasEach(node, labels)) return false
    return affinity === null || affinity.some((term) => matchesTerm(term, node))
  }
}

/** The well-known labels stand for what the node itself says, should a source not list them. */
function labelOf(node: NodeFacts, key: string): string | undefined {
  if (Object.hasOwn(node.labels, key)) return node.labels[key]
  switch (key) {
    case 'kubernetes.io/os':
    case 'beta.kubernetes.io/os':
      return node.os
    case 'kubernetes.io/arch':
    case 'beta.kubernetes.io/arch':
      return node.architecture
    case 'kubernetes.io/hostname':
      return node.name
    default:
      return undefined
  }
}

/** A node of a hand-written file that does not tell its os or architecture may have any; a label may well be empty. */
function isUntold(node: NodeFacts, key: string): boolean {
  return !Object.hasOwn(node.labels, key) && labelOf(node, key) === ''
}

/** An empty term matches nothing (Kubernetes API, NodeSelectorTerm). */
function matchesTerm(term: NodeSelectorTerm, node: NodeFacts): boolean {
  if (term.matchExpressions.length === 0 && term.matchFields.length === 0) return false
  return (
    term.matchExpressions.every(
      (each) =>
        isUntold(node, each.key) || matchesRequirement(each, labelOf(node, each.key)),
    ) &&
    term.matchFields.every(
      // The API knows no other field.
      (each) => each.key !== 'metadata.name' || matchesRequirement(each, node.name),
    )
  )
}

/**
 * Conditions of a node that come and go: what the node controller, the kubelet and a cloud provider put there themselves, and
 * what autoscalers put on nodes that are on their way.
 */
const PASSING_TAINTS: ReadonlySet<string> = new Set([
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
  'node.kubernetes.io/out-of-service',
  'node.kubernetes.io/unschedulable',
  'node.kubernetes.io/memory-pressure',
  'node.kubernetes.io/disk-pressure',
  'node.kubernetes.io/pid-pressure',
  'node.kubernetes.io/network-unavailable',
  'node.cloudprovider.kubernetes.io/uninitialized',
  'node.cloudprovider.kubernetes.io/shutdown',
  'ToBeDeletedByClusterAutoscaler',
  'DeletionCandidateOfClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'karpenter.sh/unregistered',
])

function tolerates(placement: Placement, node: NodeFacts): boolean {
  return node.taints.every((taint) => {
    if (taint.effect !== 'NoSchedule' && taint.effect !== 'NoExecute') return true
    if (PASSING_TAINTS.has(taint.key)) return true
    return placement.tolerations.some((toleration) => toleratesTaint(toleration, taint))
  })
}

function toleratesTaint(
  toleration: Toleration,
  taint: { key: string; value: string; effect: string },
): boolean {
  if (toleration.effect !== '' && toleration.effect !== taint.effect) return false
  if (toleration.key === '') return toleration.operator === 'Exists'
  if (toleration.key !== taint.key) return false
  return toleration.operator === 'Exists' || toleration.value === taint.value
}
