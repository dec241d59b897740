import { namesImage } from './read-pod-state.ts'
import type { ContainerState, PodEvent } from './read-pod-state.ts'

export interface KubeletWords {
  /** Such as `ImagePullBackOff`. */
  reason: string
  /** The text of the pull itself, without what the kubelet says around it; empty where it is gone. */
  text: string
  /** Failing since, and how often it was tried, as far as events are kept; null where none is left. */
  since: string | null
  failures: number | null
}

/**
 * What the kubelet said about the image of one container, by its status and the Pod's events; null when all is well. A volume has no
 * status, so that events may be all there is.
 */
export function kubeletWords(
  container: ContainerState,
  events: readonly PodEvent[],
): KubeletWords | null {
  const about = events.filter(({ message }) => namesImage(message, container.image))
  const own = about.filter(({ reason }) => FAILURES.has(reason))
  const isFailing =
    container.isPullFailing ||
    container.isStartFailing ||
    (container.role === 'volume' && !container.hasImage && endsInFailure(about))
  if (!isFailing) return null
  const failed = own.filter(({ message }) => PULL_TEXT.test(message))
  const last = failed.toSorted(byLastTime).at(-1)
  const text = [container.message, last?.message ?? ''].map(pullText)
  const since = own.map(({ firstAt }) => firstAt).filter((at) => at !== null)
  return {
    reason:
      container.reason ??
      (container.isStartFailing ? 'CreateContainerError' : 'ErrImagePull'),
    text: text.find((each) => each !== '') ?? container.message,
    since: since.toSorted()[0] ?? null,
    failures:
      failed.length === 0 ? null : failed.reduce((sum, { count }) => sum + count, 0),
  }
}

/** Whether the last that was told of an image is that it could not be had. */
function endsInFailure(events: readonly PodEvent[]): boolean {
  const failed = events.filter(({ reason }) => FAILURES.has(reason))
  const pulled = events.filter(({ reason }) => reason === 'Pulled')
  return failed.some(({ lastAt: failedAt }) =>
    pulled.every(({ lastAt }) => (lastAt ?? '') < (failedAt ?? '')),
  )
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
