import t from 'tap'
import { collectManifests } from '../../src/audit/collect-manifests.ts'

const OPTIONS = { rules: [], namespace: 'team-a' }

function collect(content: string) {
  return collectManifests([{ file: 'a.yaml', content }], OPTIONS)
}

t.test('lists are opened, and their items keep their places', (t) => {
  const { workloads, objects, problems } = collect(`kind: List
apiVersion: v1
items:
  - kind: PodList
    apiVersion: v1
    items:
      - metadata: { name: web }
        spec:
          containers:
            - image: nginx
  - kind: Secret
    apiVersion: v1
    metadata: { name: pull, namespace: team-b }
  - not an object
`)
  t.same(problems, [])
  t.match(objects, [
    { kind: 'Pod', namespace: 'team-a', name: 'web' },
    { kind: 'Secret', namespace: 'team-b', name: 'pull' },
  ])
  t.match(workloads, [
    { workload: { form: 'template', object: { kind: 'Pod', namespace: 'team-a' } } },
  ])
  const [pod] = workloads
  const place = pod?.positionOf('spec.containers[0].image')
  t.same(place, { file: 'a.yaml', line: 10, column: 22 })
  t.equal(pod?.positionOf('spec.imagePullSecrets'), null)
  t.end()
})

t.test('what cannot be read is a problem with its place, and hides nothing else', (t) => {
  const { workloads, problems } = collect(`a: [
---
image: nginx
---
kind: Pod
apiVersion: v1
metadata: { generateName: web- }
spec: { containers: [{ image: nginx }] }
---
kind: Pod
apiVersion: v1
spec: { containers: nginx }
`)
  t.match(problems, [
    { position: { file: 'a.yaml', line: 2 } },
    { message: /spec.containers must be a list/, position: { line: 10, column: 1 } },
  ])
  t.equal(workloads.length, 1, 'an object without a name has images all the same')
  t.end()
})
