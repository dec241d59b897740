import { fieldsList, fieldsOrEmpty, textOrEmpty } from '../../cluster/lenient-fields.ts'
import type { Fields } from '../../json/fields.ts'

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

/** What became of one container, as the kubelet tells. */
export interface ContainerState {
  name: string
  image: string
  /** The kubelet has the image: it gave an imageID, or the container ran. */
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
  ['initContainers', 'initContainerStatuses'],
  ['containers', 'containerStatuses'],
  ['ephemeralContainers', 'ephemeralContainerStatuses'],
] as const

export function readPodState(fields: Fields): PodState {
  const metadata = fieldsOrEmpty(fields.metadata)
  const spec = fieldsOrEmpty(fields.spec)
  const status = fieldsOrEmpty(fields.status)
  return {
    namespace: textOrEmpty(metadata.namespace),
    name: textOrEmpty(metadata.name),
    node: textOrEmpty(spec.nodeName) || null,
    phase: textOrEmpty(status.phase),
    createdAt: textOrEmpty(metadata.creationTimestamp) || null,
    containers: LISTS.flatMap(([list, statuses]) => {
      const told = new Map(
        fieldsList(status[statuses]).map((entry) => [entry.name, entry]),
      )
      return fieldsList(spec[list]).map((container) =>
        readContainer(container, told.get(container.name) ?? {}),
      )
    }),
  }
}

function readContainer(container: Fields, status: Fields): ContainerState {
  const state = fieldsOrEmpty(status.state)
  const waiting = fieldsOrEmpty(state.waiting)
  const ended = [state, fieldsOrEmpty(status.lastState)]
    .map((each) => textOrEmpty(fieldsOrEmpty(each.terminated).message))
    .find((text) => text !== '')
  const reason = textOrEmpty(waiting.reason) || null
  const message = textOrEmpty(waiting.message) || (ended ?? '')
  const isPullFailing = reason !== null && PULL_REASONS.has(reason)
  return {
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

export interface KubeletWords {
  /** Such as `ImagePullBackOff`. */
  reason: string
  /** The text of the pull itself, without what the kubelet says around it; empty where it is gone. */
  text: string
  /** Failing since, and how often it was tried, as far as events are kept; null where none is left. */
  since: string | null
  failures: number | null
}

/** What the kubelet said about the image of one container, by its status and the Pod's events; null when all is well. */
export function kubeletWords(
  container: ContainerState,
  events: readonly PodEvent[],
): KubeletWords | null {
  if (!container.isPullFailing && !container.isStartFailing) return null
  const own = events.filter(
    ({ reason, message }) =>
      FAILURES.has(reason) && message.includes(`"${container.image}"`),
  )
  const failed = own.filter(({ message }) => PULL_TEXT.test(message))
  const last = failed.toSorted(byLastTime).at(-1)
  const text = [container.message, last?.message ?? ''].map(pullText)
  const since = own.map(({ firstAt }) => firstAt).filter((at) => at !== null)
  return {
    reason: container.reason ?? 'CreateContainerError',
    text: text.find((each) => each !== '') ?? container.message,
    since: since.toSorted()[0] ?? null,
    failures:
      failed.length === 0 ? null : failed.reduce((sum, { count }) => sum + count, 0),
  }
}

const FAILURES: ReadonlySet<string> = new Set([
  'Failed',
  'BackOff',
  'InspectFailed',
  'ErrImageNeverPull',
])
const PULL_TEXT = /^Failed to (?:pull|apply)/

/** `Back-off pulling image "X"` alone says nothing about why; newer kubelets add the error after it. */
function pullText(message: string): string {
  return message
    .replace(/^Back-off pulling image "[^"]*"(?:: )?/, '')
    .replace(/^(?:ErrImagePull: )+/, '')
    .replace(/^Failed to pull image "[^"]*": /, '')
}

function byLastTime(a: PodEvent, b: PodEvent): number {
  return (a.lastAt ?? '') < (b.lastAt ?? '') ? -1 : 1
}
