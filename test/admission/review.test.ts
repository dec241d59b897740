import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { test } from 'tap'
import type { AdmissionResponse } from '../../src/admission/admission-response.ts'
import type { ReviewOutcome } from '../../src/admission/app.ts'
import { reviewBudget } from '../../src/admission/review-budget.ts'
import { denialMessage, MAX_MESSAGE_LENGTH } from '../../src/admission/message.ts'
import { decisionBody } from '../../src/admission/review-body.ts'
import { createReviewer } from '../../src/admission/review.ts'
import {
  MAX_WARNING_LENGTH,
  MAX_WARNINGS_LENGTH,
  warningLines,
} from '../../src/admission/warnings.ts'
import type { Configuration } from '../../src/configuration/configuration.ts'
import { defaultConfiguration } from '../../src/configuration/read-configuration.ts'
import { decide } from '../../src/policy/decide.ts'
import type { Mode } from '../../src/policy/action.ts'
import type { Decision } from '../../src/policy/decision.ts'
import { causeCodes } from '../../src/prediction/causes.ts'
import type { Fact, NamespaceFacts } from '../../src/prediction/cluster-facts.ts'
import type { Finding } from '../../src/prediction/finding.ts'
import type { ImagePrediction } from '../../src/prediction/prediction.ts'
import type { Predictor } from '../../src/prediction/predictor.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import { readAdmissionReview } from '../../src/workload/admission-request.ts'
import type { ImageUse } from '../../src/workload/workload.ts'
import { aPod } from '../support/a-pod.ts'

interface Line {
  level: string
  fields: Record<string, unknown>
  message: string
}

interface Setup {
  configuration?: Partial<Configuration>
  labels?: Record<string, string>
  namespace?: () => Promise<Fact<NamespaceFacts>>
  predict?: Predictor['predict']
  findings?: Finding[]
}

/** A reviewer over a made-up predictor and cluster, and everything that it told to its surroundings. */
function setUp(setup: Setup = {}) {
  const lines: Line[] = []
  const asked: string[][] = []
  const decided: Decision[] = []
  const passed: string[] = []
  const log = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  const known: Fact<NamespaceFacts> = {
    status: 'known',
    value: { name: 'team-a', labels: setup.labels ?? {}, createdAtMs: null },
  }
  const review = createReviewer({
    configuration: () => ({ ...defaultConfiguration(), ...setup.configuration }),
    predictor: {
      async predict(request) {
        asked.push(request.images.map(({ image }) => image))
        if (setup.predict) return setup.predict(request)
        return request.images.map((use) => predicted(use, setup.findings ?? []))
      },
    },
    cluster: { namespace: setup.namespace ?? (async () => known) },
    ownNamespace: 'pullgate',
    metrics: {
      decided: ({ decision }) => decided.push(decision),
      passed: (reason) => passed.push(reason),
    },
    log: {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
    },
    now: () => 0,
  })
  return { review, lines, asked, decided, passed }
}

const notFound: Finding = {
  cause: 'ImageNotFound',
  certainty: 'certain',
  message: 'docker.io/library/nginx has no tag "1.27". Nearest tags: 1.27.7, 1.26',
  advice: 'Correct the tag, or push the image first.',
  doubts: [],
}
const near: Finding = {
  cause: 'RateLimitNear',
  certainty: 'uncertain',
  message: 'Docker Hub has 3 anonymous pulls left.',
  advice: null,
  doubts: ['Nodes have addresses of their own.'],
}
const timing = { timeoutMs: 5000, elapsedMs: 0 }

test('of an object with very many images so many are judged, and it is said', async (t) => {
  const images = Array.from({ length: 10_000 }, (_, at) => `host${at}.evil.test/app:1`)
  const { review, asked } = setUp()
  const body = recording('pod-create')
  Object.assign(objectOf(body).spec as object, {
    containers: images.map((image, at) => ({ name: `c${at}`, image })),
  })

  const { allowed, warnings } = responseOf(await review(body, timing))

  t.equal(allowed, true)
  t.strictSame(asked, [images.slice(0, 256)])
  t.match(warnings?.[0], /^Of the 10000 images of this object 9744 were not judged/)
})

test('no image of a registry that is not allowed hides behind many others', async (t) => {
  const allowed = Array.from({ length: 300 }, (_, at) => `ok.acme.test/app:${at}`)
  const images = [...allowed, 'evil.test/app', 'not a name']
  const configuration = { allowedRegistries: ['ok.acme.test'] }
  const { review, asked } = setUp({ configuration })
  const body = recording('pod-create')
  Object.assign(objectOf(body).spec as object, {
    containers: images.map((image, at) => ({ name: `c${at}`, image })),
  })

  await review(body, timing)

  t.strictSame(asked, [[...allowed.slice(0, 256), 'evil.test/app']])
})

test('every recorded request gets an answer of the right form', async (t) => {
  const cases: [name: string, asked: string[] | null, denied: boolean][] = [
    ['deployment-create', ['nginx:1.27'], true],
    ['deployment-update', ['nginx:1.28'], true],
    ['cronjob-create', ['busybox:1'], true],
    ['job-create', ['busybox:1'], true],
    ['pod-create', ['registry.example.com/team/app:1.2.3'], true],
    ['pod-create-dry-run', ['registry.example.com/team/app:1.2.3'], true],
    ['pod-create-with-service-account', ['nginx:1'], true],
    ['pod-ephemeralcontainers', ['busybox:1.36'], true],
    // Nobody sees a denial of a Pod that a controller made.
    ['pod-create-by-replicaset', ['nginx:1'], false],
    ['pod-update', null, false],
    ['pod-delete', null, false],
  ]
  for (const [name, expected, denied] of cases) {
    const { review, asked, decided, passed, lines } = setUp({ findings: [notFound] })
    const body = recording(name)

    const response = responseOf(await review(body, timing))

    t.strictSame(asked, expected === null ? [] : [expected], `${name}: looked up`)
    t.equal(response.uid, uidOf(body), `${name}: uid`)
    t.equal(response.allowed, !denied, `${name}: allowed`)
    if (denied)
      t.match(response.status, {
        code: 403,
        reason: 'Forbidden',
        message: /ImageNotFound/,
      })
    else t.notOk('status' in response, `${name}: no status`)
    t.equal(decided.length + passed.length, 1, `${name}: counted once`)
    t.equal(lines.length, 1, `${name}: logged once`)
  }
})

test('a denial reads as in the design', async (t) => {
  const { review } = setUp({ findings: [notFound, near] })

  const response = responseOf(await review(recording('deployment-create'), timing))

  t.equal(
    response.status?.message,
    [
      '',
      'container "nginx": nginx:1.27 cannot be pulled [ImageNotFound]',
      '  docker.io/library/nginx has no tag "1.27". Nearest tags: 1.27.7, 1.26',
      '  Correct the tag, or push the image first.',
    ].join('\n'),
  )
  t.strictSame(response.warnings, [
    'container "nginx": nginx:1.27 (docker.io/library/nginx:1.27) [RateLimitNear]: Docker Hub has 3 anonymous pulls left. Nodes have addresses of their own.',
  ])
  t.strictSame(response.auditAnnotations, {
    decision: 'deny',
    mode: 'enforce',
    enforcing: 'deny',
    causes: 'ImageNotFound,RateLimitNear',
    images: 'nginx:1.27 deny ImageNotFound',
  })
})

test('containers with one image are one entry of the audit log', async (t) => {
  const { review } = setUp({ findings: [notFound] })
  const body = recording('deployment-create')
  // A recorded Deployment: its shape is known.
  const spec = body.request.object.spec as {
    template: { spec: { containers: { name?: string }[] } }
  }
  const { containers } = spec.template.spec
  containers.push({ ...containers[0], name: 'other' })

  const response = responseOf(await review(body, timing))

  t.match(response.status?.message, /containers "nginx", "other"/)
  t.equal(response.auditAnnotations?.images, 'nginx:1.27 deny ImageNotFound')
})

test('an image that will be pulled passes in silence', async (t) => {
  const { review } = setUp()

  const outcome = await review(recording('deployment-create'), timing)

  t.strictSame(outcome, {
    status: 'reviewed',
    body: {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        uid: uidOf(recording('deployment-create')),
        allowed: true,
        auditAnnotations: { decision: 'allow', mode: 'enforce', enforcing: 'allow' },
      },
    },
  })
})

test('the mode decides what is said', async (t) => {
  const wouldBe =
    'would be denied: container "nginx": nginx:1.27 [ImageNotFound]: docker.io/library/nginx has no tag "1.27". Nearest tags: 1.27.7, 1.26; Correct the tag, or push the image first.'
  const cases: [
    Mode | undefined,
    Configuration['mode'],
    boolean,
    string[] | undefined,
  ][] = [
    [undefined, 'enforce', false, undefined],
    [undefined, 'warn', true, [wouldBe]],
    [undefined, 'audit', true, undefined],
    ['warn', 'enforce', true, [wouldBe]],
    ['audit', 'enforce', true, undefined],
    ['off', 'enforce', true, undefined],
    ['enforce', 'audit', false, undefined],
  ]
  for (const [label, mode, allowed, warnings] of cases) {
    const labels: Record<string, string> = label ? { 'pullgate.dev/mode': label } : {}
    const setup = { findings: [notFound], configuration: { mode }, labels }
    const { review, decided } = setUp(setup)
    const name = `label ${label}, configured ${mode}`

    const response = responseOf(await review(recording('deployment-create'), timing))

    t.equal(response.allowed, allowed, name)
    t.strictSame(response.warnings, warnings, name)
    t.equal(decided[0]?.mode, label ?? mode, name)
    if (label !== 'off') t.equal(response.auditAnnotations?.enforcing, 'deny', name)
  }
})

test('a mode label that means nothing is told and ignored', async (t) => {
  const labels = { 'pullgate.dev/mode': 'enforced' }
  const { review } = setUp({ labels })

  const response = responseOf(await review(recording('deployment-create'), timing))

  t.match(response.warnings, [/pullgate\.dev\/mode is "enforced"/])
})

test('exemptions cost no look-up', async (t) => {
  const none = defaultConfiguration().exempt
  const cases: [string, Setup, RegExp][] = [
    [
      'namespace',
      { configuration: { exempt: { ...none, namespaces: ['team-*'] } } },
      /^namespace: team-\*/,
    ],
    [
      'user',
      { configuration: { exempt: { ...none, users: ['admin'] } } },
      /^user: admin/,
    ],
    ['mode off', { labels: { 'pullgate.dev/mode': 'off' } }, /^mode-off/],
  ]
  for (const [name, setup, exempt] of cases) {
    const { review, asked } = setUp({ findings: [notFound], ...setup })

    const response = responseOf(await review(recording('deployment-create'), timing))

    t.strictSame(asked, [], name)
    t.match(response, { allowed: true, auditAnnotations: { exempt } }, name)
  }

  const exempt = { ...none, images: ['docker.io/library/*'] }
  const { review, asked, lines } = setUp({
    findings: [notFound],
    configuration: { exempt },
  })
  const response = responseOf(await review(recording('deployment-create'), timing))
  t.strictSame(asked, [], 'an exempt image is not looked up')
  t.match(lines, [{ fields: { exemptImages: ['nginx:1.27 (docker.io/library/*)'] } }])
  t.equal(response.allowed, true)
})

test('the skip annotation is recorded with its reason', async (t) => {
  const { review, lines } = setUp({ findings: [notFound] })
  const body = recording('deployment-create')
  annotate(body, { 'pullgate.dev/skip': 'pushed\nlater' })

  const response = responseOf(await review(body, timing))

  t.match(response, { allowed: true, auditAnnotations: { skip: 'pushed later' } })
  t.match(lines, [
    { fields: { exempt: 'skip-annotation', exemptReason: 'pushed later' } },
  ])
})

test('what hangs does not hang the answer', async (t) => {
  const never = new Promise<never>(() => {})
  const hangs: [string, Setup][] = [
    ['predictor', { predict: () => never }],
    ['predictor and cluster', { predict: () => never, namespace: () => never }],
  ]
  for (const [name, setup] of hangs) {
    const { review, decided, passed } = setUp(setup)

    const response = responseOf(
      await review(recording('deployment-create'), { timeoutMs: 230, elapsedMs: 0 }),
    )

    t.equal(response.allowed, true, name)
    t.strictSame([decided.length, passed], [1, []], `${name}: its duration counts`)
    t.match(response.warnings, [/\[Unverified\].*longer than the API server waits/], name)
  }

  const signals: boolean[] = []
  const { review } = setUp({
    async predict({ images, signal }) {
      signals.push(signal.aborted)
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return images.map((use) => predicted(use, [notFound]))
    },
  })
  const response = responseOf(
    await review(recording('deployment-create'), { timeoutMs: 230, elapsedMs: 0 }),
  )
  t.equal(response.allowed, false, 'what the predictor knows at the deadline counts')
  await review(recording('deployment-create'), { timeoutMs: 230, elapsedMs: 300 })
  t.strictSame(signals, [false, true], 'what is late already has no time at all')
})

test('the time for look-ups ends before the API server gives up', (t) => {
  const cases: [
    deadlineMs: number,
    apiTimeoutMs: number | null,
    elapsedMs: number,
    number,
    number,
  ][] = [
    [8000, 5000, 0, 4500, 4750],
    [8000, 5000, 100, 4400, 4650],
    [8000, 1000, 0, 800, 900],
    [8000, 30_000, 0, 8000, 9500],
    [8000, null, 0, 8000, 8500],
    [12_000, null, 0, 9000, 9500],
    [8000, 150, 0, 0, 50],
    [8000, 5000, 4700, 0, 50],
    [8000, 5000, 4900, 0, 0],
  ]
  for (const [deadlineMs, apiTimeoutMs, elapsedMs, lookUpsMs, answerMs] of cases)
    t.strictSame(reviewBudget({ deadlineMs, apiTimeoutMs, elapsedMs, others: 0 }), {
      lookUpsMs,
      answerMs,
    })
  t.end()
})

test('a fault of our own lets the request through and says so', async (t) => {
  const { review, lines, passed } = setUp({
    predict: () => Promise.reject(new TypeError('x is not a function')),
  })

  const response = responseOf(await review(recording('deployment-create'), timing))

  t.match(response, { allowed: true, warnings: [/an error of its own/] })
  t.notMatch(response, { warnings: [/x is not a function/] })
  t.match(lines, [{ level: 'error', fields: { uid: response.uid, err: TypeError } }])
  t.strictSame(passed, ['internal-error'])
})

test('an object that cannot be judged is let through with the reason', async (t) => {
  const { review, asked } = setUp({ findings: [notFound] })
  const body = recording('deployment-create')
  objectOf(body).spec = { template: { spec: { containers: 'none' } } }

  const response = responseOf(await review(body, timing))

  t.strictSame(asked, [])
  t.match(response, {
    allowed: true,
    warnings: [/^Pullgate let this through: .*containers/],
  })
})

test('a body that is no AdmissionReview is invalid', async (t) => {
  const { review } = setUp()
  for (const body of [null, 1, 'x', [], {}, { kind: 'AdmissionReview' }, { request: {} }])
    t.match(await review(body, timing), { status: 'invalid', reason: /AdmissionReview/ })
})

test('the log line names the request and its images, and no text of findings', async (t) => {
  const { review, lines } = setUp({ findings: [notFound] })

  await review(recording('pod-create-dry-run'), timing)

  t.match(lines, [
    {
      level: 'info',
      message: 'decision',
      fields: {
        uid: String,
        namespace: 'team-a',
        kind: 'Pod',
        operation: 'CREATE',
        user: 'admin',
        dryRun: true,
        mode: 'enforce',
        action: 'deny',
        enforcing: 'deny',
        images: [
          {
            image: 'registry.example.com/team/app:1.2.3',
            action: 'deny',
            cause: 'ImageNotFound',
          },
        ],
        imageCount: 1,
        durationMs: Number,
      },
    },
  ])
  t.notMatch(JSON.stringify(lines), /Nearest/)
})

test('equal findings of several containers are folded', (t) => {
  const uses = [
    place('nginx:1.27', 'web'),
    place('nginx:1.27', 'api'),
    place('nginx:1.27', 'migrate', 'initContainer'),
    place('redis:9', 'cache'),
    place('models:1', 'weights', 'volume'),
    { ...place('jobs:1', null), path: 'spec.image', role: 'custom' as const },
  ]
  const broken: Finding = {
    cause: 'PullSecretMalformed',
    certainty: 'certain',
    message: 'Secret team-a/acme-pull: the auth of "registry.acme.io" is not base64.',
    advice: null,
    doubts: [],
  }
  const decision = decisionOf(
    uses.map((use, index) => predicted(use, index < 3 ? [notFound, broken] : [broken])),
  )

  t.equal(
    denialMessage(decision),
    [
      'containers "web", "api", init container "migrate": nginx:1.27 cannot be pulled [PullSecretMalformed]',
      '  Secret team-a/acme-pull: the auth of "registry.acme.io" is not base64.',
      '  also [ImageNotFound]: docker.io/library/nginx has no tag "1.27". Nearest tags: 1.27.7, 1.26',
      '  Correct the tag, or push the image first.',
      'container "cache": redis:9 (docker.io/library/redis:9) cannot be pulled [PullSecretMalformed]',
      'volume "weights": models:1 (docker.io/library/models:1) cannot be pulled [PullSecretMalformed]',
      'spec.image: jobs:1 (docker.io/library/jobs:1) cannot be pulled [PullSecretMalformed]',
      '  Secret team-a/acme-pull: the auth of "registry.acme.io" is not base64.',
    ].join('\n'),
  )
  t.end()
})

test('a spelling whose blanks are the trouble is shown in quotes', (t) => {
  const invalid: Finding = {
    cause: 'InvalidImageName',
    certainty: 'certain',
    message: 'The name has a leading blank.',
    advice: null,
    doubts: [],
  }
  for (const [image, shown] of [
    [' nginx', '" nginx"'],
    ['a\nb', '"a\\nb"'],
    ['', '""'],
    ['Nginx', 'Nginx'],
  ] as const) {
    const message = denialMessage(decisionOf([predicted(place(image, 'web'), [invalid])]))

    t.equal(
      message.split('\n')[0],
      `container "web": ${shown} cannot be pulled [InvalidImageName]`,
    )
  }
  t.end()
})

test('a ceiling is named where it spared a denial', async (t) => {
  const { review } = setUp({ findings: [notFound] })

  const response = responseOf(await review(recording('pod-create-by-replicaset'), timing))

  t.match(response.warnings, [
    /^container "nginx": nginx:1 .*ImageNotFound/,
    /^not denied: This Pod was made by ReplicaSet /,
  ])
})

test('answers stay within the limits of the API server, whatever is found', (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 900 }),
    fc.constantFrom('a\nb\r\u2028c', '\u001b[31mred', '\ud800', 'x'.repeat(5000)),
  )
  const finding: fc.Arbitrary<Finding> = fc.record({
    cause: fc.constantFrom(...causeCodes),
    certainty: fc.constantFrom('certain' as const, 'uncertain' as const),
    message: text,
    advice: fc.option(text),
    doubts: fc.array(text, { maxLength: 2 }),
  })
  const role = fc.constantFrom('container', 'initContainer', 'volume', 'custom')
  const prediction = fc
    .record({
      image: text,
      name: fc.option(text),
      role,
      findings: fc.array(finding, { maxLength: 4 }),
    })
    .map((made) =>
      predicted(
        { ...place(made.image, made.name), path: made.image, role: made.role },
        made.findings,
      ),
    )
  const mode = fc.constantFrom<Mode>('enforce', 'warn', 'audit')
  const read = readAdmissionReview(recording('pod-create'))
  if (read.status !== 'request') throw new Error(read.reason)
  const { request } = read

  fc.assert(
    fc.property(fc.array(prediction, { maxLength: 40 }), mode, (predictions, inMode) => {
      const decision = decisionOf(predictions, inMode)
      const { response } = decisionBody(request, decision, ['a\nnote'])

      const warnings = response.warnings ?? []
      for (const warning of warnings) {
        if (warning.length > MAX_WARNING_LENGTH) return false
        if (!isPlain(warning)) return false
      }
      if (warnings.join('').length > MAX_WARNINGS_LENGTH) return false
      if (inMode === 'audit' && warnings.length > 0) return false
      for (const [key, value] of Object.entries(response.auditAnnotations ?? {}))
        if (!/^[a-z]+$/.test(key) || value.length > 1024 || !isPlain(value)) return false
      if (response.allowed) return response.status === undefined
      const { code, reason, message } = response.status ?? {}
      if (code !== 403 || reason !== 'Forbidden' || message === undefined) return false
      return (
        message.length <= MAX_MESSAGE_LENGTH + 1 && message.split('\n').every(isPlain)
      )
    }),
    { numRuns: 100 },
  )
  t.end()
})

const down = (host: string): Finding => ({
  cause: 'RegistryUnreachable',
  certainty: 'uncertain',
  message: `${host} was never reachable from here, so its images are not verified.`,
  advice: null,
  doubts: [],
})

test('one trouble of many images is one line', (t) => {
  const images = ['a.test/app:1', 'b.test/app:1', 'a.test/web:2', 'a.test/db:3']
  const predictions = images.map((image, index) =>
    predicted(place(image, `c${index}`), [down(image.slice(0, 6))]),
  )

  t.same(warningLines(decisionOf(predictions)), [
    'container "c0": a.test/app:1 and 2 more images [RegistryUnreachable]: a.test was never reachable from here, so its images are not verified.',
    'container "c1": b.test/app:1 [RegistryUnreachable]: b.test was never reachable from here, so its images are not verified.',
  ])
  t.end()
})

test('what has no room is counted', (t) => {
  const many = Array.from({ length: 60 }, (_, index) =>
    predicted(place(`registry.acme.test/team/app-${index}:1`, `c${index}`), [
      {
        ...notFound,
        message: `registry.acme.test/team/app-${index} has no tag "1".`.repeat(3),
      },
    ]),
  )

  t.match(denialMessage(decisionOf(many)), /\nand \d+ more images$/)
  t.match(
    warningLines(decisionOf(many, 'warn')).at(-1),
    /^and \d+ more warnings about images$/,
  )
  t.end()
})

function isPlain(line: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  return line.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(line)
}

function predicted(use: ImageUse, findings: Finding[]): ImagePrediction {
  let reference = null
  try {
    reference = parseReference(use.image)
  } catch {
    // Not a name; predictions then have no reference.
  }
  return { use, reference, digest: null, findings, attempts: [] }
}

function place(
  image: string,
  container: string | null,
  role: ImageUse['role'] = 'container',
): ImageUse {
  return {
    image,
    path: 'spec.containers[0].image',
    container,
    role,
    pullPolicy: 'Always',
  }
}

function decisionOf(predictions: ImagePrediction[], mode: Mode = 'enforce'): Decision {
  const workload = aPod({ images: predictions.map((prediction) => prediction.use) })
  return decide({
    predictions,
    workload,
    mode,
    settings: { actions: {}, controllerPods: 'warn' },
    ceilings: [],
  })
}

type Recorded = { request: { uid: string; object: Record<string, unknown> } }

function recording(name: string): Recorded {
  const file = new URL(`../recordings/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Recorded
}

function uidOf(body: Recorded): string {
  return body.request.uid
}

function objectOf(body: Recorded): Record<string, unknown> {
  return body.request.object
}

function annotate(body: Recorded, annotations: Record<string, string>): void {
  const { metadata } = objectOf(body)
  objectOf(body).metadata = { ...(metadata as object), annotations }
}

function responseOf(outcome: ReviewOutcome): AdmissionResponse {
  if (outcome.status === 'invalid') throw new Error(outcome.reason)
  return outcome.body.response
}
