import { nameOf } from '../reference/reference-name.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import { parseReference } from '../reference/parse-reference.ts'
import type { NodeFacts, PodFacts } from './cluster-facts.ts'
import { isDevelopmentCluster } from './development-cluster.ts'

/** Whether nodes may already hold an image, so that no pull happens under IfNotPresent. */
export interface Presence {
  /** Eligible nodes whose status lists the image. */
  nodesWithImage: number
  nodes: number
  /** A full sentence; null when nothing speaks for the image being present anywhere. */
  reason: string | null
}

export const notPresent: Presence = { nodesWithImage: 0, nodes: 0, reason: null }

/** The kubelet reports its 50 largest images by default (nodeStatusMaxImages): a list this long may be cut. */
const TRUNCATED_LIST = 50

/** Says no more than may be: which images others run is not for every tenant to know. */
const MAYBE_PRESENT =
  'With imagePullPolicy IfNotPresent nothing is pulled where a node already holds the image, which may be so here.'

/**
 * Follows pull-semantics 2.4: status.images of the eligible nodes, what any Pod already ran, lists that may be cut, and
 * development clusters (kind, minikube, k3d) whose images are loaded from the side.
 */
export function imagePresence(
  reference: ImageReference,
  nodes: readonly NodeFacts[],
  pods: readonly PodFacts[],
): Presence {
  const names = namesOf(reference)
  const nodesWithImage = nodes.filter((node) =>
    node.images.some((image) => names.has(image)),
  ).length
  const ran = pods.some((pod) =>
    pod.containers.some(
      ({ image, imageID }) =>
        imageID !== '' && (isSame(image, reference) || isDigestOf(reference, imageID)),
    ),
  )
  const cut = nodes.some((node) => node.images.length >= TRUNCATED_LIST)
  const maybe = nodesWithImage > 0 || ran || cut || isDevelopmentCluster(nodes)
  return { nodesWithImage, nodes: nodes.length, reason: maybe ? MAYBE_PRESENT : null }
}

/** When Nodes or Pods could not be looked at, nothing speaks against the image being present either. */
export function presenceUnknown(reason: string): Presence {
  return {
    ...notPresent,
    reason: `Whether a node already holds the image is not known (${reason}).`,
  }
}

/** However the Pod spells it, a tag beside a digest included. */
function isSame(image: string, { pullReference }: ImageReference): boolean {
  try {
    return parseReference(image).pullReference === pullReference
  } catch {
    return false
  }
}

/** What a Pod pulled by tag is there under its digest as well: imageID is `docker.io/library/nginx@sha256:...`. */
function isDigestOf({ digest }: ImageReference, imageID: string): boolean {
  return digest !== null && imageID.endsWith(digest)
}

/** The spellings under which kubelets list an image. */
function namesOf(reference: ImageReference): Set<string> {
  const { registry, repository, effectiveTag, digest, pullReference } = reference
  const names = new Set([pullReference])
  const bases = [nameOf(reference)]
  if (registry === 'docker.io') {
    bases.push(repository)
    if (repository.startsWith('library/')) bases.push(repository.slice('library/'.length))
  }
  for (const base of bases) {
    if (digest !== null) names.add(`${base}@${digest}`)
    else if (effectiveTag !== null) names.add(`${base}:${effectiveTag}`)
    if (digest === null && effectiveTag === 'latest') names.add(base)
  }
  return names
}
