import type { ImageReference } from '../reference/image-reference.ts'
import { nameOf } from '../reference/reference-name.ts'
import type { NodeFacts } from './cluster-facts.ts'
import type { Finding } from './finding.ts'
import { imagePresence } from './presence.ts'

/**
 * imagePullPolicy Never: nothing is pulled, and a node without the image answers ErrImageNeverPull (catalogue row 74). Only worth a
 * word when nodes are known, none of them lists the image, and no list is cut (pull-semantics 2.2 and 2.4). Never certain: images
 * may be loaded at any moment.
 */
export function explainNeverPulled(
  reference: ImageReference,
  nodes: readonly NodeFacts[],
): Finding[] {
  const listing = nodes.filter(({ images }) => images.length > 0)
  if (listing.length === 0 || listing.length < nodes.length) return []
  if (imagePresence(reference, nodes, []).reason !== null) return []
  return [
    {
      cause: 'ImageNotPreloaded',
      certainty: 'uncertain',
      message: `imagePullPolicy is Never, and no node that the Pod may land on lists ${nameOf(reference)}: it waits with ErrImageNeverPull where the image is not there.`,
      advice:
        'Load the image onto every node, or set imagePullPolicy: IfNotPresent to have it pulled.',
      doubts: [],
    },
  ]
}
