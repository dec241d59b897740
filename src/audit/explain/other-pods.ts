import { registryOf } from '../../cluster/read-pod.ts'
import type { ContainerState, PodState } from './read-pod-state.ts'
import type { Step } from './explanation.ts'

/** Containers with images of one registry, by where they are and how they fare. */
export interface Neighbours {
  onNode: { fine: number; failing: number }
  elsewhere: { fine: number; failing: number }
}

/** Counts the other Pods; those without a node count as elsewhere only if they have come further than that. */
export function countNeighbours(
  pods: readonly PodState[],
  { registry, node, self }: { registry: string; node: string | null; self: string },
): Neighbours {
  const found: Neighbours = {
    onNode: { fine: 0, failing: 0 },
    elsewhere: { fine: 0, failing: 0 },
  }
  for (const pod of pods) {
    if (`${pod.namespace}/${pod.name}` === self || pod.node === null) continue
    const place = pod.node === node ? found.onNode : found.elsewhere
    const own = pod.containers.filter(({ image }) => registryOf(image) === registry)
    if (own.some(({ isPullFailing }) => isPullFailing)) place.failing += 1
    else if (own.some(isPulled)) place.fine += 1
  }
  return found
}

function isPulled({ hasImage }: ContainerState): boolean {
  return hasImage
}

/** What the neighbours show: whether the node has this trouble alone, or the registry has it everywhere. */
export function neighbourStep(
  neighbours: Neighbours | null,
  {
    registry,
    node,
    isFailing,
  }: { registry: string; node: string | null; isFailing: boolean },
): Step {
  if (neighbours === null)
    return {
      name: 'other-pods',
      outcome: 'unknown',
      summary: 'Other Pods could not be looked at.',
      evidence: [],
    }
  const { onNode, elsewhere } = neighbours
  const evidence = [
    ...(node === null ? [] : [`on node ${node}: ${counted(onNode)}`]),
    `on ${node === null ? 'all' : 'other'} nodes: ${counted(elsewhere)}`,
  ]
  const { outcome, summary } = judge(neighbours, { registry, node, isFailing })
  return { name: 'other-pods', outcome, summary, evidence }
}

function judge(
  { onNode, elsewhere }: Neighbours,
  {
    registry,
    node,
    isFailing,
  }: { registry: string; node: string | null; isFailing: boolean },
): Pick<Step, 'outcome' | 'summary'> {
  const failing = onNode.failing + elsewhere.failing
  const fine = onNode.fine + elsewhere.fine
  if (failing + fine === 0)
    return { outcome: 'unknown', summary: `No other Pod uses an image of ${registry}.` }
  if (!isFailing || failing === 0) {
    const summary =
      failing === 0
        ? `Every other Pod with an image of ${registry} has it.`
        : `${failing} other Pods wait for an image of ${registry}.`
    return { outcome: failing === 0 ? 'ok' : 'problem', summary }
  }
  if (fine === 0)
    return {
      outcome: 'problem',
      summary: `No Pod gets an image of ${registry} now: it is not this image alone.`,
    }
  if (node !== null && onNode.fine === 0 && elsewhere.failing === 0)
    return {
      outcome: 'problem',
      summary: `Only node ${node} has this trouble with ${registry}: look at its DNS, proxy, certificates and /etc/containerd/certs.d.`,
    }
  return {
    outcome: 'problem',
    summary: `${failing} other Pods wait for an image of ${registry} as well, ${fine} have theirs.`,
  }
}

function counted({ fine, failing }: { fine: number; failing: number }): string {
  return `${fine} with their image, ${failing} waiting for it`
}
