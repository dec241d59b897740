import { matchesRequirement } from '../workload/matches-requirement.ts'
import type { NodeSelectorTerm, Placement, Toleration } from '../workload/workload.ts'
import type { NodeFacts } from './cluster-facts.ts'

/**
 * Nodes that the scheduler may choose for a Pod: nodeName, nodeSelector, required node affinity, taints against tolerations,
 * and the os field. Readiness and cordons pass by, so they do not count. An operator or a field that is not known makes a term
 * match: one node too many only softens a verdict.
 */
export function eligibleNodes(
  placement: Placement,
  nodes: readonly NodeFacts[],
): NodeFacts[] {
  return nodes.filter((node) => isEligible(placement, node))
}

function isEligible(placement: Placement, node: NodeFacts): boolean {
  if (placement.os !== null && node.os !== '' && placement.os !== node.os) return false
  if (placement.nodeName !== null) return placement.nodeName === node.name
  const selected = Object.entries(placement.nodeSelector).every(
    ([key, value]) => labelsOf(node)[key] === value,
  )
  if (!selected) return false
  const affinity = placement.requiredNodeAffinity
  if (affinity !== null && !affinity.some((term) => matchesTerm(term, node))) return false
  return tolerates(placement, node)
}

/** The well-known labels stand for what the node itself says, should a source not list them. */
function labelsOf(node: NodeFacts): Record<string, string> {
  return {
    'kubernetes.io/os': node.os,
    'kubernetes.io/arch': node.architecture,
    'kubernetes.io/hostname': node.name,
    ...node.labels,
  }
}

/** An empty term matches nothing (Kubernetes API, NodeSelectorTerm). */
function matchesTerm(term: NodeSelectorTerm, node: NodeFacts): boolean {
  if (term.matchExpressions.length === 0 && term.matchFields.length === 0) return false
  const labels = labelsOf(node)
  const fields: Record<string, string> = { 'metadata.name': node.name }
  return (
    term.matchExpressions.every((each) => matchesRequirement(each, labels[each.key])) &&
    term.matchFields.every((each) => matchesRequirement(each, fields[each.key]))
  )
}

/** Conditions of a node that come and go, and that the DaemonSet controller tolerates anyway. */
const CONDITION_TAINTS = 'node.kubernetes.io/'
const CLOUD_TAINT = 'node.cloudprovider.kubernetes.io/uninitialized'

function tolerates(placement: Placement, node: NodeFacts): boolean {
  return node.taints.every((taint) => {
    if (taint.effect !== 'NoSchedule' && taint.effect !== 'NoExecute') return true
    if (taint.key.startsWith(CONDITION_TAINTS) || taint.key === CLOUD_TAINT) return true
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
