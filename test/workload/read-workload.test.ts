import { test } from 'tap'
import type { CustomResourceRule } from '../../src/workload/custom-resource-rule.ts'
import { imagePlaceholderReason } from '../../src/workload/image-placeholder.ts'
import {
  effectiveServiceAccountName,
  usesServiceAccountSecrets,
} from '../../src/workload/pull-settings.ts'
import { readPlacement } from '../../src/workload/read-placement.ts'
import { readWorkload, type ReadingOptions } from '../../src/workload/read-workload.ts'
import { skipReason } from '../../src/workload/skip-annotation.ts'
import type { Workload } from '../../src/workload/workload.ts'

function read(
  object: unknown,
  rules: CustomResourceRule[] = [],
  options: ReadingOptions = {},
): Workload {
  const result = readWorkload(object, rules, options)
  if (result.status !== 'workload') throw new Error(JSON.stringify(result))
  return result.workload
}

const web = { containers: [{ name: 'web', image: 'nginx:1.27' }] }

/** A rule with only what differs from one that finds nothing. */
function rule(given: Partial<CustomResourceRule>): CustomResourceRule {
  return {
    apiVersion: 'acme.io/v1',
    kind: 'Widget',
    podTemplate: null,
    images: [],
    ...given,
  }
}

const rolloutRule = rule({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  podTemplate: 'spec.template',
})
const knativeRule = rule({
  apiVersion: 'serving.knative.dev/*',
  kind: 'Service',
  podTemplate: 'spec.template',
})

// Kind, its apiVersions, the path of its pod template.
const kinds: [string, string[], string][] = [
  ['Pod', ['v1'], ''],
  ['PodTemplate', ['v1'], 'template'],
  ['ReplicationController', ['v1'], 'spec.template'],
  [
    'Deployment',
    ['apps/v1', 'apps/v1beta1', 'apps/v1beta2', 'extensions/v1beta1'],
    'spec.template',
  ],
  ['ReplicaSet', ['apps/v1', 'apps/v1beta2', 'extensions/v1beta1'], 'spec.template'],
  ['StatefulSet', ['apps/v1', 'apps/v1beta1', 'apps/v1beta2'], 'spec.template'],
  ['DaemonSet', ['apps/v1', 'apps/v1beta2', 'extensions/v1beta1'], 'spec.template'],
  ['Job', ['batch/v1'], 'spec.template'],
  ['CronJob', ['batch/v1', 'batch/v1beta1'], 'spec.jobTemplate.spec.template'],
]

/** An object with the value at a dotted path. */
function nested(path: string, value: object): object {
  const steps = path === '' ? [] : path.split('.')
  return steps.reduceRight((inner, step) => ({ [step]: inner }), value)
}

await test('finds the pod spec of every kind that Kubernetes has', async (t) => {
  for (const [kind, apiVersions, path] of kinds) {
    for (const apiVersion of apiVersions) {
      const template = { metadata: { labels: { app: 'web' } }, spec: web }
      const workload = read({ apiVersion, kind, ...nested(path, template) })

      const place = path === '' ? '' : `${path}.`
      t.strictSame(
        workload.images,
        [
          {
            image: 'nginx:1.27',
            path: `${place}spec.containers[0].image`,
            container: 'web',
            role: 'container',
            pullPolicy: 'IfNotPresent',
          },
        ],
        `${apiVersion} ${kind}`,
      )
      t.equal(workload.form, kind === 'Pod' ? 'pod' : 'template')
      t.equal(workload.placement.everyNode, kind === 'DaemonSet')
      t.strictSame(workload.podLabels, { app: 'web' })
    }
  }
})

await test('leaves kinds without images alone', async (t) => {
  const others = [
    { apiVersion: 'v1', kind: 'Service', spec: { selector: {} } },
    { apiVersion: 'v1', kind: 'ConfigMap', data: { image: 'nginx' } },
    { apiVersion: 'v1', kind: 'Deployment', spec: { template: { spec: web } } },
    { apiVersion: 'acme.io/v1', kind: 'Deployment', spec: { template: { spec: web } } },
    { apiVersion: 'acme.io/v1', kind: 'Widget', spec: { image: 'nginx' } },
  ]
  for (const object of others) {
    t.strictSame(readWorkload(object, []), { status: 'not-a-workload' }, object.kind)
  }
})

await test('names every place of an image exactly', async (t) => {
  const spec = {
    initContainers: [{ name: 'a' }, { name: 'migrate', image: 'acme/migrate:2' }],
    containers: [{ name: 'web', image: 'nginx' }, null],
    ephemeralContainers: [{ name: 'dbg', image: 'busybox:1.36' }],
    volumes: [
      { name: 'tmp', emptyDir: {} },
      { name: 'model', image: { reference: 'acme/model:latest' } },
      { name: 'data', image: { reference: 'acme/data:1', pullPolicy: 'Never' } },
    ],
  }
  const cronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    ...nested('spec.jobTemplate.spec.template', { spec }),
  }

  const uses = read(cronJob).images.map(
    (use) => `${use.path} ${use.role} ${use.container} "${use.image}" ${use.pullPolicy}`,
  )

  const place = 'spec.jobTemplate.spec.template.spec'
  t.strictSame(uses, [
    // Without an image the name does not parse: the API server then defaults to IfNotPresent.
    `${place}.initContainers[0].image initContainer a "" IfNotPresent`,
    `${place}.initContainers[1].image initContainer migrate "acme/migrate:2" IfNotPresent`,
    `${place}.containers[0].image container web "nginx" Always`,
    `${place}.containers[1].image container null "" IfNotPresent`,
    `${place}.ephemeralContainers[0].image ephemeralContainer dbg "busybox:1.36" IfNotPresent`,
    `${place}.volumes[1].image.reference volume model "acme/model:latest" Always`,
    `${place}.volumes[2].image.reference volume data "acme/data:1" Never`,
  ])
})

await test('defaults the pull policy as the API server does', async (t) => {
  const digest = `sha256:${'a'.repeat(64)}`
  const policies: [string, string][] = [
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['x/y', 'Always'],
    ['nginx:1.25', 'IfNotPresent'],
    ['nginx:LATEST', 'IfNotPresent'],
    [`nginx@${digest}`, 'IfNotPresent'],
    [`nginx:latest@${digest}`, 'Always'],
    ['Nginx', 'IfNotPresent'],
    ['{{ image }}', 'IfNotPresent'],
  ]
  for (const [image, policy] of policies) {
    const pod = { apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ image }] } }
    t.equal(read(pod).images[0]?.pullPolicy, policy, image)
  }
})

await test('reads pull settings and placement', async (t) => {
  const required = {
    nodeSelectorTerms: [
      { matchExpressions: [{ key: 'arch', operator: 'In', values: ['amd64'] }] },
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] },
    ],
  }
  const spec = {
    ...web,
    serviceAccount: 'builder',
    imagePullSecrets: [{ name: 'one' }, {}, null, { name: 'two' }],
    nodeName: 'n1',
    nodeSelector: { disk: 'ssd' },
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required },
    },
    tolerations: [
      { key: 'gpu', operator: 'Exists' },
      { key: 'team', value: 'a', effect: 'NoSchedule' },
      { key: 'speed', operator: 'Gt', value: '3' },
    ],
    os: { name: 'windows' },
  }

  const workload = read({ apiVersion: 'v1', kind: 'Pod', spec })

  t.strictSame(workload.pullSecrets, ['one', '', '', 'two'])
  t.equal(workload.serviceAccountName, 'builder')
  t.strictSame(workload.placement, {
    nodeName: 'n1',
    nodeSelector: { disk: 'ssd' },
    requiredNodeAffinity: [
      {
        matchExpressions: [{ key: 'arch', operator: 'In', values: ['amd64'] }],
        matchFields: [],
      },
      {
        matchExpressions: [],
        matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }],
      },
    ],
    tolerations: [
      { key: 'gpu', operator: 'Exists', value: '', effect: '' },
      { key: 'team', operator: 'Equal', value: 'a', effect: 'NoSchedule' },
      { key: 'speed', operator: 'Exists', value: '3', effect: '' },
    ],
    os: 'windows',
    everyNode: false,
  })
  const gated = { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] }
  t.equal(readPlacement(gated, 'spec', false).isGated, true)
})

await test('reads who owns an object, how much of it is wanted and where it lives', async (t) => {
  const owned = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      deletionTimestamp: '2026-11-22T01:00:00Z',
      labels: { app: 'web', odd: 7 },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ConfigMap', name: 'c' },
        { apiVersion: 'acme.io/v1', kind: 'App', name: 'a', controller: true },
      ],
    },
    spec: { replicas: 0, paused: true, template: { spec: web } },
  }

  const workload = read(owned, [], { namespace: 'team-a' })

  t.match(workload, {
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'team-a',
      name: 'web',
    },
    labels: { app: 'web' },
    controller: { apiVersion: 'acme.io/v1', kind: 'App', name: 'a' },
    replicas: 0,
    suspended: true,
    deleting: true,
  })
})

await test('takes a bare Pod of a manifest file for a template, as mutation is ahead of it', async (t) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', spec: web }

  const admitted = read(pod)
  const written = read(pod, [], { stage: 'manifest' })

  t.equal(effectiveServiceAccountName(admitted), 'default')
  t.equal(admitted.form, 'pod')
  t.notOk(usesServiceAccountSecrets(admitted))
  t.equal(written.form, 'template')
  t.ok(usesServiceAccountSecrets(written))
  const own = { ...web, serviceAccountName: 'ci', imagePullSecrets: [{}] }
  const withOwn = read({ ...pod, spec: own }, [], { stage: 'manifest' })
  t.notOk(usesServiceAccountSecrets(withOwn), 'one nameless secret of its own is enough')
  t.equal(effectiveServiceAccountName(withOwn), 'ci')
})

await test('names the field that has another shape', async (t) => {
  const incomplete = { apiVersion: 'apps/v1', kind: 'Deployment' }
  const pod = { apiVersion: 'v1', kind: 'Pod' }
  const malformed: [unknown, string][] = [
    [null, 'the object must be an object'],
    ['text', 'the object must be an object'],
    [[], 'the object must be an object'],
    [{}, 'the object must be a Kubernetes object with apiVersion and kind'],
    [{ apiVersion: 'v1', kind: 3 }, 'kind must be a string'],
    [pod, 'spec must be given'],
    [{ ...pod, spec: 'x' }, 'spec must be an object'],
    [{ ...pod, metadata: [], spec: web }, 'metadata must be an object'],
    [incomplete, 'spec.template.spec must be given'],
    [{ ...incomplete, spec: { template: [] } }, 'spec.template must be an object'],
    [{ ...pod, spec: { containers: 'nginx' } }, 'spec.containers must be a list'],
    [{ ...pod, spec: { containers: ['a'] } }, 'spec.containers[0] must be an object'],
    [
      { ...pod, spec: { containers: [{ image: 1.27 }] } },
      'spec.containers[0].image must be a string',
    ],
    [
      { ...pod, spec: { containers: [{ image: 'a', imagePullPolicy: 'always' }] } },
      'spec.containers[0].imagePullPolicy must be Always, IfNotPresent or Never',
    ],
    [
      { ...pod, spec: { imagePullSecrets: ['a'] } },
      'spec.imagePullSecrets[0] must be an object',
    ],
    [
      { ...pod, spec: { volumes: [{ image: 'a' }] } },
      'spec.volumes[0].image must be an object',
    ],
  ]
  for (const [object, reason] of malformed) {
    const path = /^(?:the object)?(\S*) must/.exec(reason)?.[1]
    t.strictSame(readWorkload(object, []), { status: 'malformed', reason, path })
  }
})

await test('judges an Argo Rollouts Rollout by a rule', async (t) => {
  const rollout = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' }
  const spec = { ...web, imagePullSecrets: [{ name: 'acme' }] }

  const workload = read(
    { ...rollout, spec: { replicas: 2, paused: true, template: { spec } } },
    [rolloutRule],
  )

  t.match(workload, {
    form: 'template',
    pullSecrets: ['acme'],
    replicas: 2,
    suspended: true,
    images: [{ path: 'spec.template.spec.containers[0].image', container: 'web' }],
  })
  const byReference = {
    ...rollout,
    spec: { workloadRef: { kind: 'Deployment', name: 'web' } },
  }
  t.strictSame(readWorkload(byReference, [rolloutRule]), { status: 'not-a-workload' })
})

await test('judges a Knative Service of any version by a rule, and no other Service', async (t) => {
  const spec = { containers: [{ image: 'acme/app:1' }], serviceAccountName: 'app' }
  const service = { kind: 'Service', spec: { template: { spec } } }

  for (const version of ['v1', 'v1beta1']) {
    const apiVersion = `serving.knative.dev/${version}`
    const workload = read({ apiVersion, ...service }, [knativeRule])
    t.match(workload, {
      form: 'template',
      serviceAccountName: 'app',
      images: [{ image: 'acme/app:1', container: null, role: 'container' }],
    })
  }
  t.strictSame(readWorkload({ apiVersion: 'v1', ...service }, [knativeRule]), {
    status: 'not-a-workload',
  })
})

await test('reads image strings of custom resources, and passes over empty ones', async (t) => {
  const images = ['spec.image', 'spec.parts[*].image', 'spec.none.image']
  const parts = [{ image: 'a:1' }, { image: '' }, {}, { image: 'b' }]
  const widget = { apiVersion: 'acme.io/v1', kind: 'Widget' }

  const workload = read({ ...widget, spec: { image: 'c:2', parts } }, [rule({ images })])

  t.equal(workload.form, 'strings')
  t.ok(usesServiceAccountSecrets(workload))
  t.strictSame(
    workload.images.map(
      (use) => `${use.path} ${use.image} ${use.pullPolicy} ${use.role}`,
    ),
    [
      'spec.image c:2 IfNotPresent custom',
      'spec.parts[0].image a:1 IfNotPresent custom',
      'spec.parts[3].image b Always custom',
    ],
  )
  t.strictSame(readWorkload({ ...widget, spec: { parts } }, [rule({})]), {
    status: 'not-a-workload',
  })
  t.strictSame(
    readWorkload({ ...widget, spec: { image: { tag: '1' } } }, [rule({ images })]),
    { status: 'malformed', reason: 'spec.image must be a string', path: 'spec.image' },
  )
})

function cluster(workerSpec: object): object {
  return {
    apiVersion: 'acme.io/v1',
    kind: 'Widget',
    spec: { head: { spec: web }, workers: [{ template: { spec: workerSpec } }] },
  }
}

await test('judges several templates of one object only with the same pull settings', async (t) => {
  const head = rule({
    podTemplate: 'spec.head',
    images: ['spec.head.spec.containers[*].image'],
  })
  const workers = rule({ podTemplate: 'spec.workers[*].template' })
  const other = { containers: [{ name: 'w', image: 'ray:2' }] }
  const same = read(cluster(other), [head, workers])
  const different = readWorkload(
    cluster({ ...other, imagePullSecrets: [{ name: 'x' }] }),
    [head, workers],
  )

  t.strictSame(
    same.images.map((use) => use.path),
    [
      'spec.head.spec.containers[0].image',
      'spec.workers[0].template.spec.containers[0].image',
    ],
  )
  t.match(different, {
    status: 'malformed',
    reason: /spec\.workers\[0\]\.template must be/,
  })
})

function skip(value: string): object {
  return { annotations: { 'pullgate.dev/skip': value } }
}

function deployment(metadata: object, template: object): Workload {
  return read({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { template: { metadata: template, spec: web } },
  })
}

await test('finds the skip annotation on the object and on its template', async (t) => {
  t.equal(skipReason(deployment({}, {})), null)
  t.equal(skipReason(deployment(skip('built later'), {})), 'built later')
  t.equal(skipReason(deployment({}, skip('drill'))), 'drill')
  t.equal(skipReason(deployment(skip(''), {})), 'no reason given')
  t.equal(skipReason(deployment(skip('a\nb'), {})), 'a b')
  t.equal(skipReason(deployment(skip('false'), skip('drill'))), null)
})

interface PlaceholderCase {
  image: string
  metadata?: object
  podMetadata?: object
  expected: RegExp | null
}

await test('tells images that something in the cluster fills in later', async (t) => {
  const inject = { labels: { 'sidecar.istio.io/inject': 'true' } }
  const triggers = { annotations: { 'image.openshift.io/triggers': '[]' } }
  const cases: PlaceholderCase[] = [
    { image: 'nginx', expected: null },
    { image: '', expected: null },
    { image: ' ', expected: /OpenShift/ },
    { image: ' nginx', expected: null },
    { image: 'nginx', metadata: triggers, expected: /image\.openshift\.io\/triggers/ },
    { image: 'auto', expected: null },
    { image: 'auto', podMetadata: inject, expected: /Istio/ },
    {
      image: 'auto',
      podMetadata: { labels: { 'istio.io/rev': 'x' } },
      expected: /Istio/,
    },
    {
      image: 'auto',
      podMetadata: { annotations: { 'inject.istio.io/templates': 'gateway' } },
      expected: /Istio/,
    },
    { image: 'nginx', podMetadata: inject, expected: null },
    { image: '{{ .Values.image }}', expected: null },
  ]
  for (const { image, metadata, podMetadata, expected } of cases) {
    const workload = read({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { template: { metadata: podMetadata, spec: { containers: [{ image }] } } },
    })
    const use = workload.images[0]
    if (!use) throw new Error('no image')
    const reason = imagePlaceholderReason(workload, use)
    if (expected === null) t.equal(reason, null, `"${image}"`)
    else t.match(reason, expected, `"${image}"`)
  }
})

await test('tells variables in custom resources and image volumes that are left open', async (t) => {
  const images = ['spec.image']
  for (const image of [
    '{{inputs.image}}',
    '$(params.image)',
    '${IMAGE}',
    'acme/$APP',
    '<image>',
  ]) {
    const widget = { apiVersion: 'acme.io/v1', kind: 'Widget', spec: { image } }
    const workload = read(widget, [rule({ images })])
    const [use] = workload.images
    t.match(use && imagePlaceholderReason(workload, use), /controller of Widget/, image)
  }
  const spec = { volumes: [{ name: 'model', image: {} }] }
  const template = read({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    ...nested('spec.template', { spec }),
  })
  const [volume] = template.images
  t.match(volume && imagePlaceholderReason(template, volume), /left empty/)
})
