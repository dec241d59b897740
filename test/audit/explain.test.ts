import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  canFailPull,
  classifyPullError,
} from '../../src/audit/explain/classify-pull-error.ts'
import { explainKind } from '../../src/audit/explain/kind-names.ts'
import { countNeighbours, neighbourStep } from '../../src/audit/explain/other-pods.ts'
import { readPodState } from '../../src/audit/explain/read-pod-state.ts'
import type { PodState } from '../../src/audit/explain/read-pod-state.ts'
import { backOff, createWorld, failedEvent, pod } from './explain-world.ts'

const P = 'failed to pull and unpack image "r.test/a:1": '
const R = 'failed to resolve image: '
const HEAD = 'unexpected status from HEAD request to https://r.test/v2/a/manifests/1: '
const DIAL = 'failed to do request: Head "https://r.test/v2/a/manifests/1": '
const TOKEN = 'failed to authorize: failed to fetch'

// pull-semantics 4.7: exact final texts, what `kubectl describe pod` shows.
const texts: readonly [text: string, name: string | null][] = [
  [`rpc error: code = NotFound desc = ${P}${R}r.test/a:1: not found`, 'not-found'],
  [`${P}failed to resolve reference "r.test/a:1": r.test/a:1: not found`, 'not-found'],
  [
    `${P}${R}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
    'no-credentials',
  ],
  [`${P}${R}${HEAD}401 Unauthorized`, 'unauthorized'],
  [
    `${P}${R}pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
    'access-denied',
  ],
  [
    `${P}${R}${TOKEN} oauth token: unexpected status from GET request to https://a.test/token?scope=repository%3Aa%3Apull&service=r: 401 Unauthorized`,
    'wrong-credentials',
  ],
  [
    `${P}${R}${TOKEN} anonymous token: unexpected status from GET request to https://a.test/token?service=r: 403 Forbidden`,
    'no-credentials',
  ],
  [
    `${P}${R}${TOKEN} oauth token: unexpected status from GET request to https://a.test/token?service=r: 503 Service Unavailable`,
    'token-service',
  ],
  [`${P}${R}${HEAD}403 Forbidden`, 'forbidden'],
  [`${P}${R}${HEAD}429 Too Many Requests`, 'rate-limited'],
  [
    'failed to copy: httpReadSeeker: failed open: unexpected status code https://r.test/v2/a/manifests/sha256:1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.',
    'rate-limited',
  ],
  [`${P}${R}${HEAD}502 Bad Gateway`, 'server-error'],
  [`${P}${R}${HEAD}412 Precondition Failed`, 'other-status'],
  [`${P}${R}${DIAL}dial tcp 10.0.0.1:443: connect: connection refused`, 'network'],
  [`${P}${R}${DIAL}dial tcp: lookup r.test on 10.96.0.10:53: no such host`, 'network'],
  [
    `${P}${R}${DIAL}dial tcp: lookup r.test on 10.96.0.10:53: server misbehaving`,
    'network',
  ],
  [
    `${P}${R}${DIAL}dial tcp: lookup r.test on 10.96.0.10:53: read udp 10.0.0.2:3->10.96.0.10:53: i/o timeout`,
    'network',
  ],
  [`${P}${R}${DIAL}dial tcp 10.0.0.1:443: i/o timeout`, 'network'],
  [
    `rpc error: code = DeadlineExceeded desc = ${P}${R}${DIAL}net/http: timeout awaiting response headers`,
    'network',
  ],
  [`rpc error: code = Canceled desc = ${P}${R}${DIAL}context canceled`, 'network'],
  [`${P}${R}${DIAL}EOF`, 'network'],
  [
    `${P}${R}${DIAL}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    'tls',
  ],
  [`${P}${R}${DIAL}x509: certificate is valid for A, B, not C`, 'tls'],
  [
    `${P}${R}${DIAL}x509: certificate has expired or is not yet valid: current time 2026-01-02T00:00:00Z is after 2026-01-01T00:00:00Z`,
    'tls',
  ],
  [`${P}${R}${DIAL}http: server gave HTTP response to HTTPS client`, 'plain-http'],
  [`${P}${R}${DIAL}tls: first record does not look like a TLS handshake`, 'plain-http'],
  [
    'rpc error: code = NotFound desc = get image config descriptor: no match for platform in manifest sha256:1: not found',
    'platform',
  ],
  [
    `rpc error: code = NotFound desc = ${P}no match for platform in manifest: not found`,
    'platform',
  ],
  [
    `${P}wrong diff id "sha256:a" calculated on extraction "sha256:b", desc "sha256:c"`,
    'content',
  ],
  [`${P}wrong diff id calculated on extraction "sha256:b"`, 'content'],
  [
    `rpc error: code = InvalidArgument desc = ${P}schema 1 image manifests are no longer supported: invalid argument`,
    'content',
  ],
  [
    'get image config descriptor: unexpected media type text/html for sha256:1: not found',
    'content',
  ],
  [
    `${P}failed to extract layer (application/vnd.oci.image.layer.v1.tar+gzip sha256:1) to overlayfs as "extract-1": write /var/lib/x: no space left on device`,
    'disk-full',
  ],
  [
    `Failed to apply default image tag "A/b": couldn't parse image name "A/b": invalid reference format: repository name (A/b) must be lowercase`,
    'invalid-name',
  ],
  ['Container image "a:1" is not present with pull policy of Never', 'never-pulled'],
  ['exec /app: exec format error', 'exec-format'],
  [
    'Unable to retrieve some image pull secrets (acme); attempting to pull the image may not succeed.',
    'pull-secret',
  ],
  ['Back-off pulling image "a:1"', null],
  ['', null],
]

t.test('texts of kubelets and container runtimes are put into classes', (t) => {
  for (const [text, name] of texts) t.equal(classifyPullError(text).class, name, text)
  t.end()
})

t.test('a hint is no reason for a failed pull', (t) => {
  t.ok(canFailPull('ImageNotFound'))
  for (const cause of [
    'PullSecretMissing',
    'RateLimitNear',
    'CredentialExpiring',
  ] as const)
    t.notOk(canFailPull(cause), cause)
  t.end()
})

t.test('kinds are understood as kubectl writes them', (t) => {
  t.equal(explainKind('deploy')?.kind, 'Deployment')
  t.equal(explainKind('Deployments.apps')?.kind, 'Deployment')
  t.equal(explainKind('deployments.v1.apps')?.kind, 'Deployment')
  t.equal(explainKind('po')?.kind, 'Pod')
  t.equal(explainKind('deployments.example.com'), null)
  t.equal(explainKind('service'), null)
  t.end()
})

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

t.test(
  'a mistyped tag: the event has the text, the registry agrees, and there is a fix',
  async (t) => {
    const image = 'registry.acme.test/team/web:1.277'
    const { json, explain } = await createWorld(t, [
      pod('web', { image, waiting: backOff(image) }),
      failedEvent(
        'web',
        image,
        `rpc error: code = NotFound desc = ${P}${R}${image}: not found`,
      ),
    ])

    const { images, code, pod: seen } = await json('pod/web')

    t.equal(code, 1)
    t.match(seen, { name: 'web', node: 'n1', phase: 'Pending' })
    t.match(images, [
      {
        state: 'failing',
        cause: 'ImageNotFound',
        kubelet: {
          reason: 'ImagePullBackOff',
          class: 'not-found',
          since: '2026-11-20T10:00:05Z',
          failures: 9,
          agrees: true,
        },
        fix: /tag/,
      },
    ])
    t.strictSame(
      images[0]?.steps
        .filter(({ outcome }) => outcome === 'problem')
        .map(({ name }) => name),
      ['existence', 'kubelet'],
    )
    const { stdout } = await explain('web')
    t.match(stdout, /PROBLEM +existence +\[ImageNotFound\] .*1\.27/)
    t.match(stdout, /agrees with what was found here/)
    t.match(stdout, /Fix: /)
  },
)

t.test(
  'what the kubelet could not pull and what can be pulled now is transient',
  async (t) => {
    const image = 'registry.acme.test/team/web:1.27'
    const { json } = await createWorld(t, [
      pod('web', {
        image,
        waiting: {
          reason: 'ErrImagePull',
          message: `${P}${R}${DIAL}dial tcp 10.0.0.1:443: i/o timeout`,
        },
      }),
    ])

    const { images, code } = await json('web')

    t.equal(code, 0)
    t.match(images, [
      {
        state: 'transient',
        cause: null,
        kubelet: { class: 'network', since: null, agrees: null },
        fix: /kubectl -n shop delete pod web/,
      },
    ])
  },
)

t.test(
  'the Pod of a Deployment that fares worst is explained, with its secret elsewhere',
  async (t) => {
    const image = 'billing.acme.test/team/billing:3.0'
    const owner = { kind: 'ReplicaSet', name: 'api-1' }
    const { json } = await createWorld(t, [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'api', namespace: 'shop' },
        spec: { template: { spec: { containers: [{ name: 'web', image }] } } },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name: 'api-1',
          namespace: 'shop',
          ownerReferences: [
            { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api', controller: true },
          ],
        },
      },
      pod('api-1-a', { image, owner, secret: 'acme' }),
      pod('api-1-b', {
        image,
        owner,
        secret: 'acme',
        waiting: {
          reason: 'ErrImagePull',
          message: `${P}${R}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
        },
      }),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'acme', namespace: 'billing' },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': 'e30=' },
      },
    ])

    const { object, pod: seen, images } = await json('deploy/api')

    t.equal(object.kind, 'Deployment')
    t.equal(seen?.name, 'api-1-b')
    t.match(images, [{ kubelet: { class: 'no-credentials', agrees: true } }])
    const steps = new Map(images[0]?.steps.map((step) => [step.name, step]))
    t.match(steps.get('namespace'), {
      outcome: 'problem',
      evidence: [/exists in billing/],
    })
    t.equal(steps.get('secret')?.outcome, 'problem')
    t.match(steps.get('other-pods')?.evidence[0], /1 with their image, 0 waiting/)
  },
)

t.test(
  'a running Pod whose image has gone is at risk, and a fine one is fine',
  async (t) => {
    const { json } = await createWorld(t, [
      pod('lost', { image: 'registry.acme.test/team/web:0.1' }),
      pod('well', { image: 'registry.acme.test/team/web:1.27' }),
    ])

    t.match(await json('lost'), { code: 1, images: [{ state: 'at-risk' }] })
    t.match(await json('well'), { code: 0, images: [{ state: 'fine', kubelet: null }] })
  },
)

t.test('an image that does not start, and names that the kubelet refuses', async (t) => {
  const { json } = await createWorld(t, [
    pod('arch', {
      image: 'registry.acme.test/team/web:1.27',
      waiting: { reason: 'CrashLoopBackOff', message: 'exec /app: exec format error' },
    }),
    pod('name', {
      image: 'registry.acme.test/Team/web:1',
      waiting: { reason: 'InvalidImageName', message: 'invalid reference format' },
    }),
    pod('never', {
      image: 'registry.acme.test/team/web:1.27',
      waiting: {
        reason: 'ErrImageNeverPull',
        message:
          'Container image "registry.acme.test/team/web:1.27" is not present with pull policy of Never',
      },
    }),
  ])

  t.match(await json('arch'), { images: [{ state: 'start', fix: /architecture/ }] })
  t.match(await json('name'), {
    images: [{ cause: 'InvalidImageName', kubelet: { agrees: true } }],
  })
  t.match(await json('never'), { images: [{ kubelet: { class: 'never-pulled' } }] })
})

t.test('colours are asked for as of check and audit', async (t) => {
  const { explain, show } = await createWorld(t, [
    pod('web', { image: 'registry.acme.test/Team/web:1' }),
  ])
  const noColor = { NO_COLOR: '1' }
  const rows: [what: string, output: ReturnType<typeof explain>, painted: boolean][] = [
    ['a pipe', explain('web'), false],
    ['a pipe, always', explain('web', '--color', 'always'), true],
    ['JSON is never painted', explain('web', '--color', 'always', '-o', 'json'), false],
    ['a terminal', show(['web']), true],
    ['a terminal, NO_COLOR', show(['web'], noColor), false],
    ['a terminal, never', show(['web', '--color', 'never']), false],
    ['NO_COLOR, always', show(['web', '--color=always'], noColor), true],
  ]
  for (const [what, output, painted] of rows)
    t.equal((await output).stdout.includes('\u001B[31m'), painted, what)
})

t.test('a broken file of the folder is named with its line', async (t) => {
  const web = pod('web', { image: 'registry.acme.test/Team/web:1' })
  const { explain, directory } = await createWorld(t, [web])
  await writeFile(join(directory, 'cluster/broken.yaml'), 'kind: [\nx: }\n')

  const { code, stdout, stderr } = await explain('web')

  t.equal(code, 1)
  t.match(stderr, /^\S*cluster\/broken\.yaml:2:1: .+\n$/)
  t.match(stdout, /^Pod shop\/web\n/)
})

t.test('what is not there is said in one line', async (t) => {
  const { explain } = await createWorld(t, [])
  const cases: [string[], RegExp][] = [
    [['pod/gone'], /Pod shop\/gone does not exist/],
    [['service/x'], /"service" is no kind that has Pods/],
    [['pod/../x'], /name one object/],
    [['pod/X'], /"X" is no name/],
    [[], /name one object/],
    [['pod/x', '-o', 'xml'], /-o takes table or json/],
    [['pod/x', '--color', 'red'], /--color takes auto, always or never, not "red"/],
  ]
  for (const [args, says] of cases) {
    const { code, stderr } = await explain(...args)
    t.equal(code, 2)
    t.match(stderr, says)
  }
})
