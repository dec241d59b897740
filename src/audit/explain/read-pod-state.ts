import { fieldsList, fieldsOrEmpty, textOrEmpty } from '../../cluster/lenient-fields.ts'
import type { Fields } from '../../json/fields.ts'
import { contactedOrNull } from '../../reference/contacted-reference.ts'
import type { ImageRole } from '../../workload/workload.ts'

/** Waiting reasons of the kubelet that are about getting an image. */
const PULL_REASONS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])

/** What became of the image of one container or volume, as the kubelet tells. */
export interface ContainerState {
  /** A container and a volume may have one name. */
  role: ImageRole
  name: string
  image: string
  /** The kubelet has the image: it gave an imageID. Of a volume it gives none: every container has been made, which comes later. */
  hasImage: boolean
  /** Waiting because of its image. */
  isPullFailing: boolean
  /** The image is there and does not start: `exec format error`. */
  isStartFailing: boolean
  /** Of the waiting state, such as `ImagePullBackOff`; null when it does not wait. */
  reason: string | null
  /** As the kubelet wrote it; empty where it wrote none. Not fit to be shown as it is. */
  message: string
}

export interface PodState {
  namespace: string
  name: string
  node: string | null
  phase: string
  /** ISO 8601; null where it is not told. */
  createdAt: string | null
  /** Image volumes come last. */
  containers: ContainerState[]
}

/** One event about a Pod, or several that are alike. */
export interface PodEvent {
  reason: string
  message: string
  firstAt: string | null
  lastAt: string | null
  count: number
}

const LISTS = [
  ['initContainer', 'initContainers', 'initContainerStatuses'],
  ['container', 'containers', 'containerStatuses'],
  ['ephemeralContainer', 'ephemeralContainers', 'ephemeralContainerStatuses'],
] as const

export function readPodState(fields: Fields): PodState {
  const metadata = fieldsOrEmpty(fields.metadata)
  const spec = fieldsOrEmpty(fields.spec)
  const status = fieldsOrEmpty(fields.status)
  const containers = LISTS.flatMap(([role, list, statuses]) => {
    const told = new Map(fieldsList(status[statuses]).map((entry) => [entry.name, entry]))
    return fieldsList(spec[list]).map((container) =>
      readContainer(role, container, told.get(container.name) ?? {}),
    )
  })
  return {
    namespace: textOrEmpty(metadata.namespace),
    name: textOrEmpty(metadata.name),
    node: textOrEmpty(spec.nodeName) || null,
    phase: textOrEmpty(status.phase),
    createdAt: textOrEmpty(metadata.creationTimestamp) || null,
    containers: withVolumes(containers, fieldsList(spec.volumes)),
  }
}

function readContainer(
  role: ImageRole,
  container: Fields,
  status: Fields,
): ContainerState {
  const state = fieldsOrEmpty(status.state)
  const waiting = fieldsOrEmpty(state.waiting)
  const ended = [state, fieldsOrEmpty(status.lastState)]
    .map((each) => textOrEmpty(fieldsOrEmpty(each.terminated).message))
    .find((text) => text !== '')
  const reason = textOrEmpty(waiting.reason) || null
  const message = textOrEmpty(waiting.message) || (ended ?? '')
  const isPullFailing = reason !== null && PULL_REASONS.has(reason)
  return {
    role,
    name: textOrEmpty(container.name),
    image: textOrEmpty(container.image),
    hasImage: textOrEmpty(status.imageID) !== '',
    isPullFailing,
    isStartFailing: !isPullFailing && EXEC_FORMAT.test(`${message} ${ended ?? ''}`),
    reason,
    message,
  }
}

const EXEC_FORMAT = /exec format error/

/**
 * The kubelet pulls the image of a volume before the containers that mount it, and tells at those what became of it: they wait for
 * an image that is not theirs.
 */
function withVolumes(
  containers: readonly ContainerState[],
  entries: readonly Fields[],
): ContainerState[] {
  const hasImage = containers.every(
    (each) => each.hasImage || each.role === 'ephemeralContainer',
  )
  const images = entries.flatMap(({ name, image }) => {
    const { reference } = fieldsOrEmpty(image)
    return typeof reference === 'string' ? [{ name: textOrEmpty(name), reference }] : []
  })
  const waiting = (image: string): ContainerState | undefined =>
    containers.find(
      (each) =>
        each.isPullFailing &&
        namesImage(each.message, image) &&
        !namesImage(each.message, each.image),
    )
  const theirs = new Set(images.map(({ reference }) => waiting(reference)))
  return [
    ...containers.map((each) =>
      theirs.has(each) ? { ...each, isPullFailing: false, message: '' } : each,
    ),
    ...images.map(({ name, reference }): ContainerState => {
      const told = waiting(reference)
      return {
        role: 'volume',
        name,
        image: reference,
        hasImage,
        isPullFailing: told !== undefined,
        isStartFailing: false,
        reason: told?.reason ?? null,
        message: told?.message ?? '',
      }
    }),
  ]
}

/** In quotes: as it is written, as the kubelet does, or in full, as container runtimes do. */
export function namesImage(text: string, image: string): boolean {
  const names = [image, contactedOrNull(image)?.pullReference ?? image]
  return names.some((name) => text.includes(`"${name}"`))
}

/** An Event of v1. */
export function readEvent(fields: Fields): PodEvent {
  const series = fieldsOrEmpty(fields.series)
  const eventTime = textOrEmpty(fields.eventTime)
  const counts = [series.count, fields.count].filter((count) =>
    Number.isSafeInteger(count),
  )
  return {
    reason: textOrEmpty(fields.reason),
    message: textOrEmpty(fields.message),
    firstAt: textOrEmpty(fields.firstTimestamp) || eventTime || null,
    lastAt:
      textOrEmpty(fields.lastTimestamp) ||
      textOrEmpty(series.lastObservedTime) ||
      eventTime ||
      null,
    count: Math.max(1, ...counts.map(Number)),
  }
}
