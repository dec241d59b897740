import t from 'tap'
import { groupObjects, isAboutPresence } from '../../src/audit/group-outcome.ts'
import type { NodeFacts } from '../../src/prediction/cluster-facts.ts'
import { imagePresence } from '../../src/prediction/nodes/presence.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'

t.test('everything that is said of nodes that hold an image counts as such', (t) => {
  const reference = parseReference('r.test/a:1')
  const bare: NodeFacts = {
    name: 'n',
    os: 'linux',
    architecture: 'amd64',
    labels: {},
    taints: [],
    unschedulable: false,
    ready: true,
    osImage: '',
    kernelVersion: '',
    containerRuntimeVersion: 'containerd://2.1.4',
    kubeletVersion: 'v1.34.0',
    images: [],
  }
  const has = { ...bare, images: ['r.test/a:1'] }
  const full = { ...bare, images: Array.from({ length: 50 }, (_, index) => `x:${index}`) }
  const ran = {
    namespace: 'a',
    name: 'p',
    pullSecrets: [],
    nodeName: 'n',
    containers: [{ image: 'r.test/a:1', imageID: 'x', pullPolicy: 'Always' }],
  }
  const kind = { ...bare, providerID: 'kind://docker/kind/n' }
  for (const thorough of [true, false]) {
    for (const [nodes, pods] of [
      [[has], []],
      [[has, has], []],
      [[has, bare], []],
      [[bare], [ran]],
      [[], [ran]],
      [[full], []],
      [[kind], []],
    ] as const) {
      const { reason } = imagePresence(reference, nodes, pods, thorough)
      t.ok(reason !== null && isAboutPresence(reason), reason ?? 'nothing')
    }
  }
  t.notOk(isAboutPresence('Nodes may reach the registry on another way.'))
  t.end()
})

t.test('nothing wrong makes no groups', (t) => {
  t.strictSame(groupObjects([]), {
    causes: [],
    registries: [],
    namespaces: [],
    nodes: [],
  })
  t.end()
})
