import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'tap'
import { readAdmissionReview } from '../../src/workload/admission-request.ts'
import { judgeRequest } from '../../src/workload/judge-request.ts'

const folder = new URL('../recordings/', import.meta.url)

// What the real bodies of an API server must come to: a pass reason, or the images to judge with their policies.
const expected: Record<string, string | string[]> = {
  'cronjob-create.json': [
    'spec.jobTemplate.spec.template.spec.containers[0].image busybox:1 IfNotPresent',
  ],
  'deployment-create.json': [
    'spec.template.spec.containers[0].image nginx:1.27 IfNotPresent',
  ],
  'deployment-update.json': [
    'spec.template.spec.containers[0].image nginx:1.28 IfNotPresent',
  ],
  'job-create.json': ['spec.template.spec.containers[0].image busybox:1 IfNotPresent'],
  'pod-create-by-replicaset.json': ['spec.containers[0].image nginx:1 IfNotPresent'],
  'pod-create-dry-run.json': [
    'spec.containers[0].image registry.example.com/team/app:1.2.3 IfNotPresent',
  ],
  'pod-create-with-service-account.json': [
    'spec.containers[0].image nginx:1 IfNotPresent',
  ],
  'pod-create.json': [
    'spec.containers[0].image registry.example.com/team/app:1.2.3 IfNotPresent',
  ],
  'pod-delete.json': 'delete',
  'pod-ephemeralcontainers.json': [
    'spec.ephemeralContainers[0].image busybox:1.36 IfNotPresent',
  ],
  'pod-update.json': 'unchanged',
}

const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

await test('expects something of every recording', async (t) => {
  t.strictSame(names.toSorted(), Object.keys(expected).toSorted())
})

for (const name of names) {
  await test(`reads and judges the recorded ${name}`, async (t) => {
    const body: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))

    const review = readAdmissionReview(body)

    if (review.status !== 'request') throw new Error(review.reason)
    t.match(review.request.uid, /^[0-9a-f-]{36}$/)
    const judgement = judgeRequest(review.request, [], { ownNamespace: null })
    if (!judgement.judge) {
      t.equal(judgement.reason, expected[name])
      return
    }
    t.strictSame(
      judgement.images.map((use) => `${use.path} ${use.image} ${use.pullPolicy}`),
      expected[name],
    )
    t.strictSame(judgement.ceilings, [])
    t.equal(judgement.workload.object.namespace, review.request.namespace)
    t.equal(judgement.workload.object.name, review.request.name)
  })
}

await test('reads who asked and what about', async (t) => {
  const url = new URL('pod-create-by-replicaset.json', folder)

  const review = readAdmissionReview(JSON.parse(readFileSync(url, 'utf8')))

  t.match(review, {
    status: 'request',
    request: {
      uid: 'db7ecdee-6dae-4d3e-9dac-07df788ca456',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: '',
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      name: 'good-7c65545b45-7kttj',
      namespace: 't',
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        groups: [
          'system:serviceaccounts',
          'system:serviceaccounts:kube-system',
          'system:authenticated',
        ],
      },
      oldObject: null,
      dryRun: false,
    },
  })
})

await test('knows the controller of a recorded Pod', async (t) => {
  const url = new URL('pod-create-by-replicaset.json', folder)
  const review = readAdmissionReview(JSON.parse(readFileSync(url, 'utf8')))
  if (review.status !== 'request') throw new Error(review.reason)

  const judgement = judgeRequest(review.request, [], { ownNamespace: null })

  if (!judgement.judge) throw new Error(judgement.detail)
  t.equal(judgement.workload.form, 'pod')
  t.strictSame(judgement.workload.controller, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'good-7c65545b45',
  })
})

const request = {
  uid: 'u',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  operation: 'CREATE',
  userInfo: {},
}
const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request }

const refused: [unknown, RegExp][] = [
  [null, /must be an AdmissionReview/],
  [[], /must be an AdmissionReview/],
  ['text', /must be an AdmissionReview/],
  [{}, /kind must be "AdmissionReview"/],
  [{ ...review, kind: 'Pod' }, /kind must be "AdmissionReview"/],
  [
    { ...review, apiVersion: 'admission.k8s.io/v1beta1' },
    /not v1beta1: set admissionReviewVersions: \[v1\]/,
  ],
  [{ ...review, apiVersion: 'admission.k8s.io/v3' }, /apiVersion must be/],
  [{ ...review, request: undefined }, /request must be an object/],
  [{ ...review, request: { ...request, uid: '' } }, /request.uid must be/],
  [{ ...review, request: { ...request, uid: 7 } }, /request.uid must be/],
  [
    { ...review, request: { ...request, operation: 'PATCH' } },
    /request.operation must be/,
  ],
  [{ ...review, request: { ...request, kind: 'Pod' } }, /request.kind must be an object/],
  [{ ...review, request: { ...request, resource: {} } }, /resource.resource must be/],
  [
    { ...review, request: { ...request, userInfo: { groups: 'a' } } },
    /groups must be a list/,
  ],
]

await test('says why a body is no review it can answer', async (t) => {
  for (const [body, reason] of refused) {
    const result = readAdmissionReview(body)

    if (result.status !== 'invalid') t.fail(`accepted ${JSON.stringify(body)}`)
    else t.match(result.reason, reason)
  }
  t.equal(readAdmissionReview(review).status, 'request', 'the smallest review')
})
