import { nameOf } from '../../reference/reference-name.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import { parseReference } from '../../reference/parse-reference.ts'
import type { NodeFacts, PodFacts } from '../cluster-facts.ts'
import { isDevelopmentCluster } from './development-cluster.ts'

/** Whether nodes may already hold an image, so that no pull happens under IfNotPresent. */
export interface Presence {
  /** Eligible nodes whose status lists the image. */
  nodesWithImage: number
  nodes: number
  /** A full sentence; null when nothing speaks for the image being present anywhere. */
  reason: string | null
  /** What nodes ask of a Pod before they give it a private image that they hold, as a full sentence; null for older nodes. */
  ofPrivateImages: string | null
}

export const notPresent: Presence = {
  nodesWithImage: 0,
  nodes: 0,
  reason: null,
  ofPrivateImages: null,
}

export interface PresenceSigns {
  /** Eligible nodes. */
  nodes: number
  /** Eligible nodes whose status lists the image. */
  nodesWithImage: number
  /** Eligible nodes whose list is as long as the kubelet makes it, and may be cut. */
  cut: number
  /** A Pod of the cluster ran the image. */
  ran: boolean
  /** Images are loaded from the side here. */
  development: boolean
}

/** The kubelet reports its 50 largest images by default (nodeStatusMaxImages): a list this long may be cut. */
const TRUNCATED_LIST = 50

/** Says no more than may be: which images others run is not for every tenant to know. */
const MAYBE_PRESENT =
  'With imagePullPolicy IfNotPresent nothing is pulled where a node already holds the image, which may be so here.'

/**
 * Follows pull-semantics 2.4: status.images of the eligible nodes, what any Pod already ran, lists that may be cut, and
 * development clusters (kind, minikube, k3d) whose images are loaded from the side. `thorough` reports may count; for
 * everybody else there is one sentence, whatever the signs are.
 */
export function imagePresence(
  reference: ImageReference,
  nodes: readonly NodeFacts[],
  pods: readonly PodFacts[],
  thorough: boolean,
): Presence {
  const signs = presenceSigns(reference, nodes, pods)
  const { nodesWithImage, cut, ran, development } = signs
  const maybe = nodesWithImage > 0 || ran || cut > 0 || development
  return {
    nodesWithImage,
    nodes: nodes.length,
    reason: maybe ? (thorough ? describeSigns(signs) : MAYBE_PRESENT) : null,
    ofPrivateImages: ofPrivateImages(nodes),
  }
}

/** Of nodes that the Pod may not land on now and may later: why one of them may hold the image; null when nothing says so. */
export function presenceLater(
  reference: ImageReference,
  nodes: readonly NodeFacts[],
  thorough: boolean,
): string | null {
  const { nodesWithImage, cut, development } = presenceSigns(reference, nodes, [])
  if (nodesWithImage === 0 && cut === 0 && !development) return null
  return thorough
    ? 'Nodes that the Pod may not land on now, and may later, list the image or may hold it.'
    : MAYBE_PRESENT
}

export function presenceSigns(
  reference: ImageReference,
  nodes: readonly NodeFacts[],
  pods: readonly PodFacts[],
): PresenceSigns {
  const names = namesOf(reference)
  return {
    nodes: nodes.length,
    nodesWithImage: nodes.filter((node) => node.images.some((image) => names.has(image)))
      .length,
    cut: nodes.filter(isCut).length,
    ran: pods.some((pod) =>
      pod.containers.some(
        ({ image, imageID }) =>
          imageID !== '' && (isSame(image, reference) || isDigestOf(reference, imageID)),
      ),
    ),
    development: isDevelopmentCluster(nodes),
  }
}

export function isCut({ images, hasCutNames }: NodeFacts): boolean {
  return hasCutNames === true || images.length >= TRUNCATED_LIST
}

const WITHOUT_PULL = 'with imagePullPolicy IfNotPresent the Pod runs'

/** Present on all, on some, or on none of the eligible nodes. */
function describeSigns({
  nodes,
  nodesWithImage,
  cut,
  ran,
  development,
}: PresenceSigns): string {
  if (nodes > 0 && nodesWithImage === nodes) {
    const all =
      nodes === 1 ? 'The only eligible node lists' : `All ${nodes} eligible nodes list`
    return `${all} the image: ${WITHOUT_PULL} without a pull, until it is rescheduled to a node without it.`
  }
  if (nodesWithImage > 0)
    return `${nodesWithImage} of ${nodes} eligible nodes list the image: ${WITHOUT_PULL} there without a pull, until it is rescheduled to another node.`
  const none =
    nodes === 0
      ? 'No eligible node is known'
      : `None of the ${nodes} eligible nodes lists the image`
  const why = ran
    ? 'Pods of this cluster ran it, so a node may still hold it'
    : cut > 0
      ? `${cut} of them list 50 images or more, or five names of one, and such a list may be cut`
      : development
        ? 'this is a development cluster, where images are loaded from the side'
        : null
  return why === null ? `${none}.` : `${none}, but ${why}.`
}

/** What a denial rests on, for reports: nothing speaks for the image being on a node. */
export function describeAbsence({ nodes, reason }: Presence): string | null {
  if (reason !== null || nodes === 0) return null
  return nodes === 1
    ? 'The only eligible node does not list the image.'
    : `None of the ${nodes} eligible nodes lists the image.`
}

/**
 * KubeletEnsureSecretPulledImages, on by default since 1.35 (pull-semantics 2.3: a present image is pulled again unless the Pod
 * has the credentials it was pulled with, or it came without the kubelet).
 */
function ofPrivateImages(nodes: readonly NodeFacts[]): string | null {
  return nodes.some(({ kubeletVersion }) => verifiesPresentImages(kubeletVersion))
    ? 'Since Kubernetes 1.35 nodes also pull a private image that they hold again, unless the Pod has the credentials that it was pulled with.'
    : null
}

function verifiesPresentImages(kubeletVersion: string): boolean {
  const match = /^v?(\d{1,3})\.(\d{1,4})/.exec(kubeletVersion)
  if (!match) return false
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major > 1 || (major === 1 && minor >= 35)
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
