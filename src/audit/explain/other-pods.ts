import { registryOf } from '../../cluster/read-pod.ts'
import type { PodState } from './read-pod-state.ts'
import type { Step } from './explanation.ts'

/** Other Pods with images of one registry, by where they are and how they fare. */
export interface Neighbours {
  onNode: { fine: number; failing: number }
  elsewhere: { fine: number; failing: number }
  /** Those that wait for this very image, which no Pod has: they say nothing about the node or the registry. */
  alike: number
}

export interface NeighbourPlace {
  registry: string
  image: string
  node: string | null
  /** `NAMESPACE/NAME` of the Pod itself. */
  self: string
}

/** Counts the other Pods; those without a node count as elsewhere only if they have come further than that. */
export function countNeighbours(
  pods: readonly PodState[],
  { registry, image, node, self }: NeighbourPlace,
): Neighbours {
  const found: Neighbours = {
    onNode: { fine: 0, failing: 0 },
    elsewhere: { fine: 0, failing: 0 },
    alike: 0,
  }
  const others = pods.filter(
    (pod) => `${pod.namespace}/${pod.name}` !== self && pod.node !== null,
  )
  const isHad = others.some(({ containers }) =>
    containers.some((each) => each.image === image && each.hasImage),
  )
  for (const pod of others) {
    const place = pod.node === node ? found.onNode : found.elsewhere
    const own = pod.containers.filter((each) => registryOf(each.image) === registry)
    const failing = own.filter(({ isPullFailing }) => isPullFailing)
    if (failing.some((each) => isHad || each.image !== image)) place.failing += 1
    else if (failing.length > 0) found.alike += 1
    else if (own.some(({ hasImage }) => hasImage)) place.fine += 1
  }
  return found
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
  const { onNode, elsewhere, alike } = neighbours
  const evidence = [
    ...(node === null ? [] : [`on node ${node}: ${counted(onNode)}`]),
    `on ${node === null ? 'all' : 'other'} nodes: ${counted(elsewhere)}`,
    ...(alike === 0 ? [] : [`waiting for the same image: ${alike}`]),
  ]
  const { outcome, summary } = judge(neighbours, { registry, node, isFailing })
  return { name: 'other-pods', outcome, summary, evidence }
}

function judge(
  { onNode, elsewhere, alike }: Neighbours,
  {
    registry,
    node,
    isFailing,
  }: { registry: string; node: string | null; isFailing: boolean },
): Pick<Step, 'outcome' | 'summary'> {
  const failing = onNode.failing + elsewhere.failing
  const fine = onNode.fine + elsewhere.fine
  if (failing + fine === 0) {
    const summary =
      alike === 0
        ? `No other Pod uses an image of ${registry}.`
        : `No Pod has this image, and none uses another one of ${registry}.`
    return { outcome: 'unknown', summary }
  }
  if (failing === 0) {
    const which = alike === 0 ? 'other Pod with an image' : 'Pod with another image'
    return { outcome: 'ok', summary: `Every ${which} of ${registry} has it.` }
  }
  const others = failing === 1 ? '1 other Pod waits' : `${failing} other Pods wait`
  if (!isFailing)
    return { outcome: 'problem', summary: `${others} for an image of ${registry}.` }
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
    summary: `${others} for an image of ${registry} as well, ${fine} ${fine === 1 ? 'has its own' : 'have theirs'}.`,
  }
}

function counted({ fine, failing }: { fine: number; failing: number }): string {
  return `${fine} with their image, ${failing} waiting for it`
}
