import t from 'tap'
import { createWorld, failedEvent } from './explain-world.ts'

const REPOSITORY = 'registry.acme.test/team/web'
const GOOD = `${REPOSITORY}:1.27`
const NEXT = `${REPOSITORY}:1.27.7`
const MISSING = `${REPOSITORY}:1.277`
const notFound = (image: string) =>
  `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve image: ${image}: not found`

interface Shape {
  image: string
  /** By name of the volume. */
  volumes: Record<string, string>
  /** What the container waits for; it runs without. */
  waiting?: { reason: string; message?: string }
}

/** A Pod of one container `web` with image volumes. */
function podWith({ image, volumes, waiting }: Shape): object {
  const entries = Object.entries(volumes)
  const told =
    waiting === undefined
      ? { imageID: 'x', state: { running: {} } }
      : { state: { waiting } }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'web', image }],
      volumes: entries.map(([name, reference]) => ({ name, image: { reference } })),
    },
    status: { phase: 'Pending', containerStatuses: [{ name: 'web', ...told }] },
  }
}

function pulledEvent(image: string, lastTimestamp: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'web.2', namespace: 'shop' },
    involvedObject: { kind: 'Pod', name: 'web', namespace: 'shop' },
    reason: 'Pulled',
    message: `Successfully pulled image "${image}" in 2s`,
    lastTimestamp,
  }
}

t.test('a volume has nothing of a container of its name', async (t) => {
  const { json } = await createWorld(t, [
    podWith({
      image: MISSING,
      volumes: { web: GOOD },
      waiting: { reason: 'ErrImagePull', message: notFound(MISSING) },
    }),
  ])

  t.match((await json('web')).images, [
    { image: MISSING, state: 'failing', kubelet: { agrees: true } },
    { image: GOOD, state: 'fine', kubelet: null, fix: null },
  ])
})

t.test('an event of its own tells of a volume', async (t) => {
  const { json } = await createWorld(t, [
    podWith({
      image: GOOD,
      volumes: { data: MISSING, more: NEXT },
      waiting: { reason: 'ContainerCreating' },
    }),
    failedEvent('web', MISSING, notFound(MISSING)),
  ])

  t.match((await json('web')).images, [
    { image: GOOD, state: 'fine', kubelet: null },
    {
      container: 'data',
      state: 'failing',
      kubelet: { reason: 'ErrImagePull', class: 'not-found', failures: 9, agrees: true },
    },
    { container: 'more', state: 'fine', kubelet: null },
  ])
})

t.test('unless its image was pulled since', async (t) => {
  for (const [lastAt, state] of [
    ['2026-11-20T10:30:00Z', 'fine'],
    ['2026-11-20T10:10:00Z', 'transient'],
  ] as const) {
    const { json } = await createWorld(t, [
      podWith({
        image: NEXT,
        volumes: { data: GOOD },
        waiting: { reason: 'ContainerCreating' },
      }),
      failedEvent('web', GOOD, 'i/o timeout'),
      pulledEvent(GOOD, lastAt),
    ])

    t.match((await json('web')).images, [{ state: 'fine' }, { container: 'data', state }])
  }
})

t.test('a container that waits for a volume does not fail itself', async (t) => {
  for (const message of [notFound(MISSING), `Back-off pulling image "${MISSING}"`]) {
    const { json } = await createWorld(t, [
      podWith({
        image: GOOD,
        volumes: { data: MISSING },
        waiting: { reason: 'ImagePullBackOff', message },
      }),
    ])

    t.match((await json('web')).images, [
      { image: GOOD, state: 'fine', kubelet: null },
      { container: 'data', state: 'failing', kubelet: { reason: 'ImagePullBackOff' } },
    ])
  }
})

t.test('a Pod that runs has the images of its volumes', async (t) => {
  const pod = podWith({ image: GOOD, volumes: { data: MISSING } })
  const { json } = await createWorld(t, [pod])

  t.match((await json('web')).images, [{ state: 'fine' }, { state: 'at-risk' }])
})
