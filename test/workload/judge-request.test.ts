import { readFileSync, readdirSync } from 'node:fs'
import * as fc from 'fast-check'
import { test } from 'tap'
import {
  readAdmissionReview,
  type AdmissionRequest,
} from '../../src/workload/admission-request.ts'
import type { CustomResourceRule } from '../../src/workload/custom-resource-rule.ts'
import { judgeRequest, type Judgement } from '../../src/workload/judge-request.ts'
import { readWorkload } from '../../src/workload/read-workload.ts'

const rules: CustomResourceRule[] = [
  {
    apiVersion: 'argoproj.io/*',
    kind: 'Rollout',
    podTemplate: 'spec.template',
    images: ['spec.extra[*].image'],
  },
  {
    apiVersion: 'acme.io/v1',
    kind: 'Widget',
    podTemplate: null,
    images: ['spec.images[*]'],
  },
]

function request(given: Partial<AdmissionRequest>): AdmissionRequest {
  return {
    uid: 'u',
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    subResource: '',
    requestKind: null,
    name: 'web',
    namespace: 'team-a',
    operation: 'UPDATE',
    userInfo: { username: 'admin', groups: [] },
    object: null,
    oldObject: null,
    dryRun: false,
    options: null,
    ...given,
  }
}

function judge(given: Partial<AdmissionRequest>): Judgement {
  return judgeRequest(request(given), rules, { ownNamespace: 'pullgate' })
}

/** What a judgement says, short enough for a table: the pass reason, or images and, after a bar, the number of ceilings. */
function summary(judgement: Judgement): string {
  if (!judgement.judge) return judgement.reason
  const images = judgement.images.map((use) => use.image).join(' ')
  return judgement.ceilings.length === 0 ? images : `${images} | warn`
}

const podSpec = {
  initContainers: [{ name: 'init', image: 'init:1' }],
  containers: [
    { name: 'web', image: 'web:1', imagePullPolicy: 'IfNotPresent' },
    { name: 'log', image: 'log:1', imagePullPolicy: 'IfNotPresent' },
  ],
}
const [web, log] = podSpec.containers

interface Shape {
  metadata?: object
  spec?: object
  template?: object
  podSpec?: object
}

function deployment({ metadata, spec, template, podSpec: changes }: Shape = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', ...metadata },
    spec: {
      replicas: 3,
      template: { metadata: template, spec: { ...podSpec, ...changes } },
      ...spec,
    },
  }
}

function pod(spec: object = {}, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...podSpec, ...spec } }
}

const every = 'init:1 web:1 log:1'
const newer = { ...web, image: 'web:2' }

await test('lets everything pass that brings no image', async (t) => {
  const good = { object: deployment(), oldObject: deployment() }
  const passes: [Partial<AdmissionRequest>, string][] = [
    [{ operation: 'DELETE', object: null }, 'delete'],
    [{ operation: 'CONNECT', subResource: 'exec' }, 'connect'],
    [{ ...good, subResource: 'status' }, 'subresource'],
    [{ ...good, subResource: 'scale' }, 'subresource'],
    [{ operation: 'CREATE', subResource: 'eviction', object: {} }, 'subresource'],
    [
      { operation: 'CREATE', object: deployment(), namespace: 'pullgate' },
      'own-namespace',
    ],
    [
      { operation: 'CREATE', object: { apiVersion: 'v1', kind: 'Service' } },
      'not-a-workload',
    ],
    [{ operation: 'CREATE', object: pod({ containers: 'web' }) }, 'malformed-object'],
    [{ operation: 'CREATE', object: null }, 'malformed-object'],
    [
      { operation: 'CREATE', object: { apiVersion: 'v1', kind: 'Pod', spec: {} } },
      'no-images',
    ],
    [
      {
        ...good,
        object: deployment({
          metadata: { deletionTimestamp: 'now' },
          podSpec: { containers: [newer] },
        }),
      },
      'deleting',
    ],
    [
      {
        operation: 'CREATE',
        object: pod({}, { annotations: { 'kubernetes.io/config.mirror': 'h' } }),
      },
      'mirror-pod',
    ],
    [good, 'unchanged'],
  ]
  for (const [given, reason] of passes) {
    const judgement = judge(given)
    t.equal(summary(judgement), reason)
    if (!judgement.judge) t.match(judgement.detail, /^[A-Z].*\.$/, 'a full sentence')
  }
  t.equal(
    summary(
      judgeRequest(request({ operation: 'CREATE', object: pod() }), rules, {
        ownNamespace: null,
      }),
    ),
    every,
    'without a namespace of our own nothing is taken for it',
  )
})

await test('judges everything that is created, and only warns about what starts no Pods yet', async (t) => {
  const controller = [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true },
  ]
  const job = { apiVersion: 'batch/v1', kind: 'Job' }
  const cronJob = (spec: object, jobSpec: object) => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    spec: { ...spec, jobTemplate: { spec: { ...jobSpec, template: { spec: podSpec } } } },
  })
  const creations: [object, string][] = [
    [deployment(), every],
    [pod(), every],
    [deployment({ spec: { replicas: 0 } }), `${every} | warn`],
    [deployment({ spec: { paused: true } }), `${every} | warn`],
    [{ ...job, spec: { template: { spec: podSpec } } }, every],
    [
      { ...job, spec: { parallelism: 0, template: { spec: podSpec } } },
      `${every} | warn`,
    ],
    [{ ...job, spec: { suspend: true, template: { spec: podSpec } } }, `${every} | warn`],
    [cronJob({ suspend: false }, {}), every],
    [cronJob({ suspend: true }, {}), `${every} | warn`],
    [cronJob({}, { suspend: true }), `${every} | warn`],
    // Its Pods are for the policy's controllerPods; the objects in between are never denied.
    [pod({}, { ownerReferences: controller }), every],
    [deployment({ metadata: { ownerReferences: controller } }), `${every} | warn`],
  ]
  for (const [object, expected] of creations) {
    const judgement = judge({ operation: 'CREATE', object })
    t.equal(summary(judgement), expected)
    if (judgement.judge)
      t.ok(judgement.ceilings.every((text) => /^[A-Z].*\.$/.test(text)))
  }
})

interface UpdateCase {
  name: string
  before?: Shape
  after?: Shape
  expected: string
}

const updates: UpdateCase[] = [
  {
    name: 'one image changed',
    after: { podSpec: { containers: [newer, log] } },
    expected: 'web:2',
  },
  {
    name: 'a container came',
    after: { podSpec: { containers: [web, log, { name: 'x', image: 'web:1' }] } },
    expected: 'web:1',
  },
  {
    name: 'a container went',
    after: { podSpec: { containers: [log] } },
    expected: 'init:1 log:1 | warn',
  },
  {
    name: 'containers changed places',
    after: { podSpec: { containers: [log, web] } },
    expected: 'init:1 log:1 web:1 | warn',
  },
  {
    name: 'an init container became a container',
    after: {
      podSpec: {
        initContainers: [],
        containers: [web, log, { name: 'init', image: 'init:1' }],
      },
    },
    expected: 'init:1',
  },
  {
    name: 'an image volume came',
    after: { podSpec: { volumes: [{ name: 'm', image: { reference: 'm:1' } }] } },
    expected: 'm:1',
  },
  {
    name: 'Never became IfNotPresent',
    before: { podSpec: { containers: [{ ...web, imagePullPolicy: 'Never' }, log] } },
    expected: 'web:1',
  },
  {
    name: 'IfNotPresent became Always',
    after: { podSpec: { containers: [{ ...web, imagePullPolicy: 'Always' }, log] } },
    expected: 'web:1',
  },
  {
    name: 'IfNotPresent became Never',
    after: { podSpec: { containers: [{ ...web, imagePullPolicy: 'Never' }, log] } },
    expected: `${every} | warn`,
  },
  {
    name: 'pull secrets changed',
    after: { podSpec: { imagePullSecrets: [{ name: 'a' }] } },
    expected: every,
  },
  {
    name: 'the service account changed',
    after: { podSpec: { serviceAccountName: 'b' } },
    expected: every,
  },
  {
    name: 'the default service account was written out',
    after: { podSpec: { serviceAccountName: 'default' } },
    expected: `${every} | warn`,
  },
  {
    name: 'the node selector changed',
    after: { podSpec: { nodeSelector: { arch: 'arm64' } } },
    expected: every,
  },
  {
    name: 'tolerations changed',
    after: { podSpec: { tolerations: [{ operator: 'Exists' }] } },
    expected: every,
  },
  { name: 'replicas from zero', before: { spec: { replicas: 0 } }, expected: every },
  { name: 'replicas to zero', after: { spec: { replicas: 0 } }, expected: 'scale-down' },
  { name: 'fewer replicas', after: { spec: { replicas: 1 } }, expected: 'scale-down' },
  { name: 'more replicas', after: { spec: { replicas: 5 } }, expected: 'unchanged' },
  {
    name: 'fewer replicas of a new image',
    after: { podSpec: { containers: [newer, log] }, spec: { replicas: 1 } },
    expected: 'web:2',
  },
  {
    name: 'a new image, but no replicas',
    after: { podSpec: { containers: [newer, log] }, spec: { replicas: 0 } },
    expected: 'web:2 | warn',
  },
  { name: 'resumed', before: { spec: { paused: true } }, expected: every },
  { name: 'paused', after: { spec: { paused: true } }, expected: 'unchanged' },
  {
    name: 'a rollout restart',
    after: { template: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } },
    expected: `${every} | warn`,
  },
  {
    name: 'a label of the template',
    after: { template: { labels: { v: '2' } } },
    expected: `${every} | warn`,
  },
  {
    name: 'an environment variable',
    after: { podSpec: { containers: [{ ...web, env: [{ name: 'A' }] }, log] } },
    expected: `${every} | warn`,
  },
  {
    name: 'a null that came',
    before: { template: {} },
    after: { template: { creationTimestamp: null } },
    expected: 'unchanged',
  },
  {
    name: 'labels and finalizers of the object',
    after: { metadata: { labels: { a: 'b' }, finalizers: ['x'] } },
    expected: 'unchanged',
  },
]

await test('judges on UPDATE only what changed', async (t) => {
  for (const { name, before, after, expected } of updates) {
    const judgement = judge({ oldObject: deployment(before), object: deployment(after) })
    t.equal(summary(judgement), expected, name)
  }
})

await test('says why a restart is only warned about', async (t) => {
  const restarted = { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } }
  const oldObject = deployment()

  const restart = judge({ oldObject, object: deployment({ template: restarted }) })
  const changed = judge({
    oldObject,
    object: deployment({ podSpec: { hostNetwork: true } }),
  })

  t.match(restart, {
    ceilings: ['This only restarts the Pods with the images they had.'],
  })
  t.match(changed, {
    ceilings: ['The pod template changed, but its images are the ones it had.'],
  })
})

await test('judges everything where the old object tells nothing', async (t) => {
  for (const oldObject of [
    null,
    'x',
    {},
    pod({ containers: 3 }),
    { apiVersion: 'v1', kind: 'Service' },
  ]) {
    t.equal(summary(judge({ oldObject, object: deployment() })), every)
  }
})

await test('judges of a changed Pod the changed images', async (t) => {
  const debug = { name: 'dbg', image: 'busybox:1' }
  const init = { name: 'init', image: 'init:2' }
  const subResource = 'ephemeralcontainers'
  const cases: [Partial<AdmissionRequest>, string][] = [
    [{ object: pod({ containers: [newer, log] }) }, 'web:2'],
    [{ object: pod({}, { labels: { a: 'b' } }) }, 'unchanged'],
    [{ object: pod({ nodeSelector: { a: 'b' } }) }, 'unchanged'],
    [{ object: pod({ initContainers: [init] }) }, 'init:2 | warn'],
    [{ object: pod({ ephemeralContainers: [debug] }), subResource }, 'busybox:1'],
    [{ object: pod({ containers: [newer, log] }), subResource }, 'unchanged'],
    [
      { object: pod({ ephemeralContainers: [debug] }), oldObject: {}, subResource },
      'busybox:1',
    ],
  ]
  for (const [given, expected] of cases) {
    t.equal(summary(judge({ oldObject: pod(), ...given })), expected)
  }
  const second = { name: 'dbg-2', image: 'busybox:1' }
  const oldObject = pod({ ephemeralContainers: [debug] })
  const object = pod({ ephemeralContainers: [debug, second] })
  const judgement = judge({ oldObject, object, subResource })
  t.match(judgement, { images: { length: 1, 0: { container: 'dbg-2' } } })
})

await test('does not blame the controller of a Pod for a debug container', async (t) => {
  const ownerReferences = [{ kind: 'ReplicaSet', name: 'web-1', controller: true }]
  const oldObject = pod({}, { ownerReferences })
  const object = pod(
    { ephemeralContainers: [{ name: 'd', image: 'd:1' }] },
    { ownerReferences },
  )

  const judgement = judge({ oldObject, object, subResource: 'ephemeralcontainers' })

  t.match(judgement, { judge: true, workload: { controller: null } })
})

function rollout(image: string, extra: object = {}): object {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    spec: { template: { spec: { containers: [{ name: 'web', image }] } }, ...extra },
  }
}

function widget(...images: string[]): object {
  return { apiVersion: 'acme.io/v1', kind: 'Widget', spec: { images } }
}

await test('follows the same rules for custom resources', async (t) => {
  const referring = { ...rollout(''), spec: { workloadRef: { name: 'web' } } }
  const cases: [object, object, string][] = [
    [rollout('a:1'), rollout('a:2'), 'a:2'],
    [rollout('a:1'), rollout('a:1', { restartAt: 'now' }), 'unchanged'],
    [rollout('a:1'), rollout('a:1', { extra: [{ image: 'b:1' }] }), 'b:1'],
    [referring, rollout('a:1'), 'a:1'],
    [rollout('a:1'), referring, 'not-a-workload'],
    [widget('a:1', 'b:1'), widget('b:1', 'c:1', 'a:1'), 'c:1'],
    [widget('a:1'), { ...widget('a:1'), status: {} }, 'unchanged'],
  ]
  for (const [oldObject, object, expected] of cases) {
    t.equal(summary(judge({ oldObject, object })), expected)
  }
})

await test('takes the name and namespace from the request where the object has none', async (t) => {
  const object = pod({}, { generateName: 'web-' })

  const judgement = judge({ operation: 'CREATE', object, name: 'web-x7k2p' })

  t.match(judgement, { workload: { object: { name: 'web-x7k2p', namespace: 'team-a' } } })
  const elsewhere = pod({}, { namespace: 'team-b' })
  t.match(
    judge({ operation: 'CREATE', object: elsewhere }),
    { workload: { object: { namespace: 'team-a' } } },
    'secrets are read where the request is made, whatever the object says',
  )
})

const folder = new URL('../recordings/', import.meta.url)
const recordings = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8')))

/** The value with what `path` reaches (each step taken modulo the number of children) replaced. */
function mutated(value: unknown, path: number[], replacement: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined || typeof value !== 'object' || value === null)
    return replacement
  const entries = Object.entries(value)
  const target = entries[step % entries.length]
  if (!target) return replacement
  const copy = { ...value, [target[0]]: mutated(target[1], rest, replacement) }
  return Array.isArray(value) ? Object.values(copy) : copy
}

await test('never throws on any JSON', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (object, oldObject) => {
      readWorkload(object, rules)
      readAdmissionReview(object)
      readAdmissionReview({
        kind: 'AdmissionReview',
        apiVersion: 'admission.k8s.io/v1',
        request: object,
      })
      judge({ object, oldObject })
    }),
  )
  t.pass('reading and judging returned')
})

await test('never throws on a recorded body with anything in any place', async (t) => {
  const path = fc.array(fc.nat(30), { minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(
      fc.constantFrom(...recordings),
      path,
      fc.jsonValue(),
      (body, steps, value) => {
        const review = readAdmissionReview(mutated(body, steps, value))
        if (review.status === 'invalid') return review.reason !== ''
        const judgement = judgeRequest(review.request, rules, { ownNamespace: null })
        return judgement.judge ? judgement.images.length > 0 : judgement.detail !== ''
      },
    ),
    { numRuns: 2000 },
  )
  t.pass('reading and judging returned')
})

await test('is not brought down by deep nesting or long lists', async (t) => {
  const depth = 100_000
  const deep = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const annotated = (value: string): unknown =>
    JSON.parse(
      `{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"metadata":{"x":${deep},"y":${value}},
      "spec":{"containers":[{"name":"web","image":"web:1"}]}}}}`,
    )
  const containers = Array.from({ length: 50_000 }, () => ({ image: 'web:1' }))

  t.equal(
    summary(judge({ oldObject: annotated('1'), object: annotated('1') })),
    'unchanged',
  )
  t.equal(
    summary(judge({ oldObject: annotated('1'), object: annotated('2') })),
    'web:1 | warn',
  )
  t.equal(
    summary(judge({ oldObject: pod({ containers }), object: pod({ containers }) })),
    'unchanged',
  )
})
