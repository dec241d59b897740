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
  t.match(problems, [
    {
      message: 'an item of the List is no object, so it was not judged',
      position: { line: 14, column: 5 },
    },
  ])
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

t.test('a list that is no longer opened is told', (t) => {
  const lists = '{kind: List, apiVersion: v1, items: ['
  const { problems } = collect(`${lists.repeat(6)}${']}'.repeat(6)}`)
  t.match(problems, [{ message: /^lists in lists are opened 5 deep/ }])
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
    { message: /spec.containers must be a list/, position: { line: 12, column: 21 } },
  ])
  t.equal(workloads.length, 1, 'an object without a name has images all the same')
  t.end()
})

t.test('a field of another shape has its own place', (t) => {
  const head = 'kind: List\napiVersion: v1\nitems:\n- kind: Pod\n  apiVersion: v1\n'
  const rows: [spec: string, reason: string, place: string][] = [
    [
      '  spec: {containers: [{image: a},\n    {image: 12}]}\n',
      'spec.containers[1].image must be a string',
      '7:13',
    ],
    ['  spec:\n    containers: nginx\n', 'spec.containers must be a list', '7:17'],
    ['  metadata: {}\n', 'spec must be given', '4:3'],
  ]
  for (const [spec, reason, place] of rows) {
    const { problems } = collect(head + spec)
    t.match(problems, [{ message: `${reason}, so no image of this object was judged` }])
    const { line, column } = problems[0]?.position ?? {}
    t.equal(`${line}:${column}`, place, spec)
  }
  t.end()
})

const told = (key: string, line: number) => ({
  message: `the key "${key}" is set twice, and the last value counts`,
  position: { file: 'a.yaml', line },
})

t.test('a key that is set twice is told, and costs no object', (t) => {
  const { workloads, problems } = collect(`kind: Pod
apiVersion: v1
metadata:
  name: web
  labels:
    app: web
    app: web
spec:
  containers:
    - image: a
      image: b
`)
  t.match(problems, [told('app', 7), told('image', 11)])
  t.match(workloads, [{ workload: { images: [{ image: 'b' }] } }])
  const place = workloads[0]?.positionOf('spec.containers[0].image')
  t.same(place, { file: 'a.yaml', line: 11, column: 14 })
  t.end()
})

t.test('a template is called so once, where its placeholders are the reason', (t) => {
  const template = /^this is a template that still holds placeholders/
  const rows: [content: string, problems: object[]][] = [
    [
      'kind: Pod\nspec:\n  {{- toYaml .Values.spec | nindent 2 }}\n---\nimage: {{ .Values.image }}:{{ .Values.tag }}\n',
      [{ message: template, position: { line: 3, column: 3 } }],
    ],
    [
      '- name: {{ x }}\n  - y: [\n',
      [{ message: template, position: { line: 1, column: 9 } }],
    ],
    // What Prometheus and Argo CD replace is text to YAML.
    [
      'summary: "{{ $labels.pod }} is slow"\nother: {{ $value }\'\n---\na: [\n',
      [
        { message: template, position: { line: 2, column: 8 } },
        { message: /^Flow sequence/, position: { line: 5 } },
      ],
    ],
    [
      'summary: "{{ $labels.pod }} is slow"\ndescription: Pod {{ $labels.pod }}\nkind: [\n',
      [{ message: /^Flow sequence/, position: { line: 4 } }],
    ],
    [
      "summary: '{{ $labels.pod }} is slow'\n---\nkind: Pod\n\tname: x\n",
      [{ message: /^Tabs/, position: { line: 4 } }],
    ],
    ['# {{ a comment }}\nkind: [\n', [{ message: /^Flow sequence/ }]],
  ]
  for (const [content, expected] of rows) {
    const { problems } = collect(content)
    t.match(problems, expected, content)
    t.equal(problems.length, expected.length, content)
  }
  t.end()
})
