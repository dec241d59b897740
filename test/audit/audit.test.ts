import t from 'tap'
import type { AuditOutcome, AuditedObject } from '../../src/audit/audit-result.ts'
import { auditWorkloads } from '../../src/audit/audit-workloads.ts'
import { collectManifests } from '../../src/audit/collect-manifests.ts'
import { jsonReport } from '../../src/audit/reports/json.ts'
import { offlineFacts } from '../../src/audit/offline-facts.ts'
import { tableReport } from '../../src/audit/reports/table.ts'
import { createObjectStore } from '../../src/cluster/object-store.ts'
import { readConfiguration } from '../../src/configuration/read-configuration.ts'
import {
  PASSWORD,
  createWorld,
  found,
  isFitToShow,
  login,
  notFound,
  unauthorized,
} from '../prediction/world.ts'
import type { Script } from '../prediction/world.ts'
import { joined } from '../support/joined.ts'

interface AuditOptions {
  answer?: Script
  configuration?: string
  signal?: AbortSignal
}

/** What `check` makes of one file, over a scripted registry. */
async function audit(content: string, options: AuditOptions = {}): Promise<AuditOutcome> {
  const { answer = () => found, signal = new AbortController().signal } = options
  const read = readConfiguration(options.configuration ?? '{}', 'pullgate.yaml')
  if (!('configuration' in read)) throw new TypeError(JSON.stringify(read))
  const collection = collectManifests([{ file: 'a.yaml', content }], {
    rules: [],
    namespace: 'team-a',
  })
  const facts = offlineFacts(createObjectStore(collection.objects))
  const world = await createWorld({ answer, facts })
  const objects = await auditWorkloads(collection.workloads, {
    predictor: {
      predict: (request) =>
        world.predict({ ...request.workload, images: request.images }, request.signal),
    },
    facts,
    configuration: read.configuration,
    objectTimeoutMs: 5_000,
    signal,
  })
  t.same(world.faults, [])
  return { objects, problems: collection.problems }
}

const secret = (name: string, host: string): string => `---
apiVersion: v1
kind: Secret
type: kubernetes.io/dockerconfigjson
metadata: { name: ${name}, namespace: team-a }
stringData:
  .dockerconfigjson: '${JSON.stringify({ auths: { [host]: login('good') } })}'
`

const podOf = (name: string, image: string, more = ''): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: team-a }
spec:
  ${more}
  containers:
    - { name: web, image: '${image}' }
`

function verdicts({ objects }: AuditOutcome): string[] {
  return objects.flatMap(({ object, images }) =>
    images.map(
      ({ decision }) =>
        `${object.name} ${decision.action} ${decision.leading?.finding.cause ?? '-'}`,
    ),
  )
}

const goodOnly: Script = ({ username }) =>
  username === 'good' ? found : unauthorized('no-credentials', false)

t.test('files are judged as if their cluster were empty', async (t) => {
  const named = 'imagePullSecrets: [{ name: pull }]'
  const cases: [title: string, content: string, Script, expected: string][] = [
    ['found', podOf('web', 'r.test/a:1'), () => found, 'web allow -'],
    ['not found', podOf('web', 'r.test/a:1'), () => notFound, 'web deny ImageNotFound'],
    [
      'an invalid name',
      podOf('web', 'r.test/A:1'),
      () => found,
      'web deny InvalidImageName',
    ],
    [
      'private, and no Pods tell of credentials of the nodes',
      podOf('web', 'r.test/a:1'),
      goodOnly,
      'web warn CredentialsRequired',
    ],
    [
      'a Secret of the same files counts',
      podOf('web', 'r.test/a:1', named) + secret('pull', 'r.test'),
      goodOnly,
      'web allow -',
    ],
    [
      'a Secret that is not among the files may be in the cluster',
      podOf('web', 'r.test/a:1', named),
      goodOnly,
      'web warn Unverified',
    ],
    [
      'a refused password of a Secret of the same files',
      podOf('web', 'r.test/a:1', named) + secret('pull', 'r.test'),
      () => unauthorized('rejected', true),
      'web deny CredentialsRejected',
    ],
    [
      "the service account's secrets are added to a bare Pod",
      `${podOf('web', 'r.test/a:1')}${secret('pull', 'r.test')}---
apiVersion: v1
kind: ServiceAccount
metadata: { name: default, namespace: team-a }
imagePullSecrets: [{ name: pull }]
`,
      goodOnly,
      'web allow -',
    ],
    [
      'a Node of the files counts',
      `${podOf('web', 'r.test/a:1')}---
apiVersion: v1
kind: Node
metadata: { name: n1 }
status: { nodeInfo: { containerRuntimeVersion: 'cri-o://1.33.0' } }
`,
      () => notFound,
      'web warn ImageNotFound',
    ],
  ]
  for (const [title, content, answer, expected] of cases) {
    t.same(verdicts(await audit(content, { answer })), [expected], title)
  }
})

t.test('objects and images keep their order, whoever answers first', async (t) => {
  const names = Array.from({ length: 40 }, (_, each) => `web-${each}`)
  const content = names.map((name) => podOf(name, `r.test/${name}:1`)).join('')
  const first = Promise.withResolvers<void>()
  const outcome = await audit(content, {
    answer: async ({ image }) => {
      if (image.includes('web-39:')) first.resolve()
      if (image.includes('web-0:')) await first.promise
      return found
    },
  })
  t.same(
    outcome.objects.map(({ object }) => object.name),
    names,
  )
  const exempt = await audit(
    `${podOf('web', 'r.test/a:1')}    - { name: two, image: 'r.test/skip:1' }
    - { name: three, image: 'r.test/b:1' }
`,
    { answer: () => notFound, configuration: 'exempt: { images: ["r.test/skip*"] }' },
  )
  t.same(verdicts(exempt), [
    'web deny ImageNotFound',
    'web allow -',
    'web deny ImageNotFound',
  ])
})

t.test('the enforcing action is told whatever the mode', async (t) => {
  for (const mode of ['enforce', 'warn', 'audit']) {
    const outcome = await audit(podOf('web', 'r.test/a:1'), {
      answer: () => notFound,
      configuration: `mode: ${mode}`,
    })
    t.same(verdicts(outcome), ['web deny ImageNotFound'], mode)
  }
})

t.test('what was stopped tells nothing of what was not judged', async (t) => {
  const signal = AbortSignal.abort()
  t.same((await audit(podOf('web', 'r.test/a:1'), { signal })).objects, [])
})

t.test('the JSON report', async (t) => {
  const outcome = await audit(
    `${podOf('web', 'r.test/a:1')}${podOf('ok', 'r.test/b:1')}---
a: [
`,
    { answer: ({ image }) => (image.includes('/a:') ? notFound : found) },
  )
  const report: unknown = JSON.parse(joined(jsonReport(outcome)))
  t.match(report, {
    results: [
      {
        object: { apiVersion: 'v1', kind: 'Pod', namespace: 'team-a', name: 'web' },
        images: [
          {
            image: 'r.test/a:1',
            path: 'spec.containers[0].image',
            container: 'web',
            action: 'deny',
            cause: 'ImageNotFound',
            message: /has no tag "1"/,
            advice: String,
            position: { file: 'a.yaml', line: 8, column: 27 },
            reference: 'r.test/a:1',
            findings: [{ cause: 'ImageNotFound', certainty: 'certain', action: 'deny' }],
            attempts: [{ credential: 'anonymous', answer: '404 not found' }],
          },
        ],
      },
      {
        object: { name: 'ok' },
        images: [
          {
            image: 'r.test/b:1',
            action: 'allow',
            cause: null,
            message: '',
            advice: '',
            digest: /^sha256:/,
          },
        ],
      },
    ],
    summary: { images: 2, allow: 1, warn: 0, deny: 1 },
    problems: [{ position: { file: 'a.yaml' } }],
  })
  t.ok(joined(jsonReport({ objects: [], problems: [] })).endsWith('}\n'))
})

t.test('the table for people', async (t) => {
  const outcome = await audit(
    `${podOf('web', 'r.test/a:1')}${podOf('ok', 'r.test/b:1')}---
apiVersion: v1
kind: Pod
metadata:
  name: spared
  annotations: { pullgate.dev/skip: "on\\u001b[31m purpose\\nreally" }
spec: { containers: [{ name: c, image: r.test/c:1 }] }
`,
    { answer: ({ image }) => (image.includes('/a:') ? notFound : found) },
  )
  const plain = joined(
    tableReport(outcome, { paint: (_style, text) => text, columns: null }),
  )
  t.match(plain, /^Pod team-a\/web\n {2}deny {3}web: r\.test\/a:1 \(a\.yaml:8:\d+\)\n/)
  t.match(plain, /\[ImageNotFound\] r\.test\/a has no tag "1"/)
  t.match(plain, / {2}allow {2}web: r\.test\/b:1 \(a\.yaml:\d+:\d+\)\n/)
  t.match(plain, /not judged: exempt \(skip-annotation: on/)
  t.ok(plain.endsWith('\n2 images: 1 allow, 0 warn, 1 deny\n'))
  for (const line of plain.split('\n')) t.ok(isFitToShow(line), JSON.stringify(line))
  const painted = joined(
    tableReport(outcome, {
      paint: (style, text) => `<${style}>${text}`,
      columns: null,
    }),
  )
  t.match(painted, /<red>deny/)
  t.match(painted, /<green>allow/)
  t.equal(
    joined(
      tableReport(
        { objects: [], problems: [] },
        { paint: (_style, text) => text, columns: null },
      ),
    ),
    '0 images: 0 allow, 0 warn, 0 deny\n',
  )
})

t.test('no report tells a secret', async (t) => {
  const outcome = await audit(
    podOf('web', 'r.test/a:1', 'imagePullSecrets: [{ name: pull }]') +
      secret('pull', 'r.test'),
    { answer: () => unauthorized('rejected', true) },
  )
  const objects: AuditedObject[] = outcome.objects
  t.equal(objects.length, 1)
  t.notMatch(joined(jsonReport(outcome)), PASSWORD)
  t.notMatch(
    joined(tableReport(outcome, { paint: (_style, text) => text, columns: null })),
    PASSWORD,
  )
})
