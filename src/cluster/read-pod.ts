import type { PodFacts } from '../prediction/cluster-facts.ts'
import { InvalidImageName } from '../reference/invalid-image-name.ts'
import { contactedReference } from '../reference/contacted-reference.ts'
import { parseReference } from '../reference/parse-reference.ts'
import type { Fields } from '../json/fields.ts'
import { fieldsList, fieldsOrEmpty, textOrEmpty } from './lenient-fields.ts'
import { secretNames, type ObjectIdentity } from './read-facts.ts'

/** Containers of spec with the list of status that tells what became of them. */
const CONTAINERS = [
  ['initContainers', 'initContainerStatuses'],
  ['containers', 'containerStatuses'],
  ['ephemeralContainers', 'ephemeralContainerStatuses'],
] as const

/** Images as the spec writes them, with the imageID that the kubelet reports ('' until the image is there). */
export function readPod(fields: Fields, { namespace, name }: ObjectIdentity): PodFacts {
  const spec = fieldsOrEmpty(fields.spec)
  const status = fieldsOrEmpty(fields.status)
  return {
    namespace,
    name,
    pullSecrets: secretNames(spec.imagePullSecrets),
    nodeName: textOrEmpty(spec.nodeName) || null,
    containers: CONTAINERS.flatMap(([containers, statuses]) => {
      const imageIDs = new Map(
        fieldsList(status[statuses]).map((entry) => [
          entry.name,
          textOrEmpty(entry.imageID),
        ]),
      )
      return fieldsList(spec[containers]).map((container) => ({
        image: textOrEmpty(container.image),
        imageID: imageIDs.get(container.name) ?? '',
        pullPolicy: textOrEmpty(container.imagePullPolicy),
      }))
    }),
  }
}

/** Whether a Pod runs an image of this registry host, `docker.io` for images that name none. */
export function usesRegistry(pod: PodFacts, registry: string): boolean {
  return pod.containers.some(({ image }) => registryOf(image) === registry)
}

/** Null for what is no image reference. */
export function registryOf(image: string): string | null {
  try {
    return contactedReference(parseReference(image)).registry
  } catch (error) {
    if (error instanceof InvalidImageName) return null
    throw error
  }
}
