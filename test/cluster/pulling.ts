import type { ControlPlane } from './control-plane.ts'
import { mustRun } from './release.ts'

/** What a kubelet would have written of one container. */
export interface Told {
  container: string
  image: string
  /** The text of the container runtime; null where the container runs. */
  error: string | null
  init?: boolean
}

/** Since there is no kubelet: the status of a Pod, and the events of an image that it cannot pull, as a kubelet writes them. */
export async function tellStatus(
  plane: ControlPlane,
  namespace: string,
  pod: string,
  told: readonly Told[],
): Promise<void> {
  const failing = told.some(({ error }) => error !== null)
  const of = (init: boolean): object[] =>
    told.filter((each) => (each.init ?? false) === init).map(statusOf)
  const status = {
    phase: failing ? 'Pending' : 'Running',
    initContainerStatuses: of(true),
    containerStatuses: of(false),
  }
  const patch = JSON.stringify({ status })
  const which = ['-n', namespace, 'pod', pod, '--subresource=status']
  await mustRun(plane, ['patch', ...which, '--type=merge', '-p', patch])
  const events = told.flatMap((each) => eventsOf(namespace, pod, each))
  if (events.length > 0) await mustRun(plane, ['create', '-f', '-'], events)
}

function statusOf({ container, image, error }: Told): object {
  const fields = { name: container, image, restartCount: 0 }
  if (error === null) {
    const running = { startedAt: '2026-11-20T10:00:00Z' }
    const imageID = `${image.slice(0, image.lastIndexOf(':'))}@sha256:${'1'.repeat(64)}`
    return { ...fields, ready: true, started: true, imageID, state: { running } }
  }
  const message = `Back-off pulling image "${image}": ErrImagePull: ${error}`
  const waiting = { reason: 'ImagePullBackOff', message }
  return { ...fields, ready: false, started: false, imageID: '', state: { waiting } }
}

function eventsOf(namespace: string, pod: string, { image, error }: Told): object[] {
  if (error === null) return []
  const said = [
    ['Failed', `Failed to pull image "${image}": ${error}`],
    ['Failed', 'Error: ErrImagePull'],
    ['BackOff', `Back-off pulling image "${image}"`],
  ] as const
  return said.map(([reason, message]) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: `${pod}.`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name: pod },
    reason,
    message,
    type: 'Warning',
    source: { component: 'kubelet', host: 'node-1' },
    firstTimestamp: '2026-11-20T10:00:05Z',
    lastTimestamp: '2026-11-20T10:20:05Z',
    count: 7,
  }))
}
