import type { ImageReference } from '../../reference/image-reference.ts'
import { nameOf } from '../../reference/reference-name.ts'
import type { NodeFacts } from '../cluster-facts.ts'
import type { Finding } from '../finding.ts'
import { presenceSigns } from '../nodes/presence.ts'

/**
 * imagePullPolicy Never: nothing is pulled, and a node without the image answers ErrImageNeverPull (catalogue row 74). Only worth a
 * word when nodes are known, none of them lists the image, and no list is cut (pull-semantics 2.2 and 2.4); a `thorough` report
 * also counts where some do. Never certain: images may be loaded at any moment.
 */
export function explainNeverPulled(
  reference: ImageReference,
  nodes: readonly NodeFacts[],
  thorough: boolean,
): Finding[] {
  const listing = nodes.filter(({ images }) => images.length > 0)
  if (listing.length === 0 || listing.length < nodes.length) return []
  const { nodesWithImage, cut, development } = presenceSigns(reference, nodes, [])
  if (cut > 0 || development || nodesWithImage === nodes.length) return []
  if (nodesWithImage > 0 && !thorough) return []
  const none = 'no node that the Pod may land on lists'
  const some = `${nodesWithImage} of ${nodes.length} eligible nodes list`
  const where = nodesWithImage > 0 ? 'on the others' : 'where the image is not there'
  return [
    {
      cause: 'ImageNotPreloaded',
      certainty: 'uncertain',
      message: `imagePullPolicy is Never, and ${nodesWithImage > 0 ? some : none} ${nameOf(reference)}: it waits with ErrImageNeverPull ${where}.`,
      advice:
        'Load the image onto every node, or set imagePullPolicy: IfNotPresent to have it pulled.',
      doubts: [],
    },
  ]
}
