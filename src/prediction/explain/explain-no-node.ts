import type { Finding } from '../finding.ts'
import { hasNoNode } from '../nodes/wanted-platforms.ts'
import type { WantedPlatforms } from '../nodes/wanted-platforms.ts'

/**
 * No node is eligible now, so nothing can be said about platforms (pull-semantics 5.3: the candidates are the nodes that can host the
 * Pod). The Pod waits for the scheduler first, or for an autoscaler. The same words for every image, so that they fold into one.
 */
export function explainNoNode(wanted: WantedPlatforms): Finding | null {
  if (!hasNoNode(wanted)) return null
  const { source, total } = wanted
  return {
    cause: 'NoEligibleNode',
    certainty: 'uncertain',
    message:
      source === 'nodes'
        ? `None of the ${total} nodes fits the node selection and the tolerations of the Pod: it cannot be scheduled now, and for which platform its images must be is not known.`
        : 'None of the configured platforms fits the node selection of the Pod: for which platform its images must be is not known.',
    advice:
      source === 'nodes'
        ? 'Check nodeName, nodeSelector, node affinity and tolerations. Where such nodes come on demand, name their platforms in the setting platforms.'
        : 'Check nodeSelector, node affinity and os, or add the platform to the setting platforms.',
    doubts: [],
  }
}
