import t from 'tap'
import { countNeighbours, neighbourStep } from '../../src/audit/explain/other-pods.ts'
import { readPodState } from '../../src/audit/explain/read-pod-state.ts'
import type { PodState } from '../../src/audit/explain/read-pod-state.ts'

interface Placed {
  name: string
  node: string
  image: string
  isFailing?: boolean
}

function placedPod({ name, node, image, isFailing = false }: Placed): PodState {
  const status = isFailing
    ? { name: 'c', imageID: '', state: { waiting: { reason: 'ErrImagePull' } } }
    : { name: 'c', imageID: 'r.test/x@sha256:1', state: { running: {} } }
  return readPodState({
    metadata: { name, namespace: 'a' },
    spec: { nodeName: node, containers: [{ name: 'c', image }] },
    status: { containerStatuses: [status] },
  })
}

t.test('other Pods tell a trouble of the node from one of the registry', (t) => {
  const own = 'r.test/own:1'
  const waits = { name: 'a', image: 'r.test/other:1', isFailing: true }
  const runs = { name: 'b', image: 'r.test/other:1' }
  const rows: [pods: Placed[], outcome: string, summary: RegExp][] = [
    [[], 'unknown', /^No other Pod uses an image of r\.test\.$/],
    [
      [
        { ...waits, node: 'n1' },
        { ...runs, node: 'n2' },
      ],
      'problem',
      /^Only node n1 has this trouble/,
    ],
    [[{ ...waits, node: 'n2' }], 'problem', /^No Pod gets an image of r\.test now/],
    [
      [{ ...runs, node: 'n2' }],
      'ok',
      /^Every other Pod with an image of r\.test has it\.$/,
    ],
    [
      [
        { ...waits, node: 'n2' },
        { ...runs, node: 'n2' },
      ],
      'problem',
      /^1 other Pod waits for .* as well, 1 has its own\.$/,
    ],
    // Replicas with the same mistake tell nothing of the node and the registry.
    [
      [{ ...waits, node: 'n2', image: own }],
      'unknown',
      /^No Pod has this image, and none uses another/,
    ],
    [
      [
        { ...waits, node: 'n1', image: own },
        { ...runs, node: 'n2' },
      ],
      'ok',
      /^Every Pod with another image of r\.test has it\.$/,
    ],
    // Unless a Pod elsewhere has it: then it is not the image's fault.
    [
      [
        { ...waits, node: 'n1', image: own },
        { ...runs, node: 'n2', image: own },
      ],
      'problem',
      /^Only node n1 has this trouble/,
    ],
  ]
  const self = placedPod({ name: 'me', node: 'n1', image: own, isFailing: true })
  const place = { registry: 'r.test', image: own, node: 'n1', self: 'a/me' }
  for (const [pods, outcome, summary] of rows) {
    const neighbours = countNeighbours([self, ...pods.map(placedPod)], place)
    const asked = { registry: 'r.test', node: 'n1', isFailing: true }
    t.match(neighbourStep(neighbours, asked), { outcome, summary })
  }
  t.end()
})
