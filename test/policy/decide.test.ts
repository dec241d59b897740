import * as fc from 'fast-check'
import { test } from 'tap'
import type { Action, Mode } from '../../src/policy/action.ts'
import { decide, denies, letThrough } from '../../src/policy/decide.ts'
import { causeCodes, causes, type CauseCode } from '../../src/prediction/causes.ts'
import type { Certainty, Finding } from '../../src/prediction/finding.ts'
import type { ImagePrediction } from '../../src/prediction/prediction.ts'
import type { Workload } from '../../src/workload/workload.ts'
import { aPod } from '../support/a-pod.ts'

const actions: Action[] = ['allow', 'warn', 'deny']
const modes: Mode[] = ['enforce', 'warn', 'audit', 'off']
const certainties: Certainty[] = ['certain', 'uncertain']

function finding(cause: CauseCode, certainty: Certainty): Finding {
  return { cause, certainty, message: `${cause}.`, advice: null, doubts: [] }
}

function prediction(...findings: Finding[]): ImagePrediction {
  const use = {
    image: 'nginx:1.277',
    path: 'spec.containers[0].image',
    container: 'web',
    role: 'container',
    pullPolicy: 'Always',
  } as const
  return { use, reference: null, digest: null, findings, attempts: [] }
}

const byReplicaSet = aPod({
  controller: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4' },
})

test('every mode, certainty, configured action and ceiling', (t) => {
  const defaults: (Action | null)[] = [null, ...actions]
  for (const certainty of certainties) {
    for (const configured of defaults) {
      for (const ceilings of [[], ['Only a restart.']]) {
        // ImageNotFound is denied by default.
        const wanted = configured ?? 'deny'
        const capped = wanted === 'deny' && certainty === 'certain' && ceilings.length > 0
        const atMostWarn = certainty === 'uncertain' || ceilings.length > 0
        const enforcing = wanted === 'deny' && atMostWarn ? 'warn' : wanted
        const expected = {
          enforce: enforcing,
          warn: enforcing === 'deny' ? 'warn' : enforcing,
          audit: 'allow',
          off: 'allow',
        }
        for (const mode of modes) {
          const found = finding('ImageNotFound', certainty)
          const object = {
            workload: aPod(),
            mode,
            settings: {
              actions: configured === null ? {} : { ImageNotFound: configured },
              controllerPods: 'warn',
            },
            ceilings,
          } as const
          const decision = decide({ predictions: [prediction(found)], ...object })
          t.equal(denies(found, object), decision.action === 'deny')
          const name = `${certainty}, ${configured ?? 'default'}, ${ceilings.length} ceilings, ${mode}`
          t.equal(decision.action, expected[mode], name)
          t.equal(decision.enforcing, enforcing, `${name}: enforcing`)
          t.equal(decision.images[0]?.action, enforcing, `${name}: image`)
          t.same(decision.ceilings, capped ? ceilings : [], `${name}: ceilings told`)
          t.equal(decision.mode, mode)
        }
      }
    }
  }
  t.end()
})

test('without configuration a certain finding gets the action of the catalogue', (t) => {
  for (const cause of causeCodes) {
    const decision = decide({
      predictions: [prediction(finding(cause, 'certain'))],
      workload: aPod(),
      mode: 'enforce',
      settings: { actions: {}, controllerPods: 'warn' },
      ceilings: [],
    })
    t.equal(decision.action, causes[cause].defaultAction, cause)
  }
  t.end()
})

test('a Pod that a controller made is warned about unless the configuration denies', (t) => {
  const cases: [string, Workload, 'warn' | 'deny', Action][] = [
    ['controller-made Pod', byReplicaSet, 'warn', 'warn'],
    ['controller-made Pod, controllerPods: deny', byReplicaSet, 'deny', 'deny'],
    ['bare Pod', aPod(), 'warn', 'deny'],
    ['owned template', { ...byReplicaSet, form: 'template' }, 'warn', 'deny'],
  ]
  for (const [name, pod, controllerPods, expected] of cases) {
    const decision = decide({
      predictions: [prediction(finding('ImageNotFound', 'certain'))],
      workload: pod,
      mode: 'enforce',
      settings: { actions: {}, controllerPods },
      ceilings: [],
    })
    t.equal(decision.action, expected, name)
    t.equal(decision.ceilings.length, expected === 'warn' ? 1 : 0, `${name}: ceilings`)
  }
  const [ceiling] = decide({
    predictions: [prediction(finding('ImageNotFound', 'certain'))],
    workload: byReplicaSet,
    mode: 'enforce',
    settings: { actions: {}, controllerPods: 'warn' },
    ceilings: [],
  }).ceilings
  t.match(ceiling, 'ReplicaSet web-5d4', 'the ceiling names the maker')
  t.end()
})

test('the most severe action leads, then the catalogue, then certainty', (t) => {
  const decision = decide({
    predictions: [
      prediction(
        finding('PullSecretMissing', 'certain'),
        finding('ImageNotFound', 'uncertain'),
        finding('ImageNotFound', 'certain'),
        finding('RateLimitNear', 'uncertain'),
        finding('InvalidImageName', 'uncertain'),
      ),
    ],
    workload: aPod(),
    mode: 'enforce',
    settings: { actions: { RateLimitNear: 'allow' }, controllerPods: 'warn' },
    ceilings: [],
  })

  const [image] = decision.images
  t.same(
    image?.findings.map(({ finding: f, action }) => [f.cause, f.certainty, action]),
    [
      ['ImageNotFound', 'certain', 'deny'],
      ['InvalidImageName', 'uncertain', 'warn'],
      ['ImageNotFound', 'uncertain', 'warn'],
      ['PullSecretMissing', 'certain', 'warn'],
    ],
  )
  t.equal(image?.leading, image?.findings[0])
  t.end()
})

test('each image has its own verdict and the object the worst of them', (t) => {
  const decision = decide({
    predictions: [
      prediction(),
      prediction(finding('RateLimited', 'uncertain')),
      prediction(finding('RepositoryNotFound', 'certain')),
    ],
    workload: aPod(),
    mode: 'warn',
    settings: { actions: {}, controllerPods: 'warn' },
    ceilings: [],
  })

  t.same(
    decision.images.map(({ action }) => action),
    ['allow', 'warn', 'deny'],
  )
  t.equal(decision.images[0]?.leading, null)
  t.equal(decision.enforcing, 'deny')
  t.equal(decision.action, 'warn')
  t.end()
})

test('an object without images and one that is let through are allowed', (t) => {
  const empty = decide({
    predictions: [],
    workload: aPod(),
    mode: 'enforce',
    settings: { actions: {}, controllerPods: 'warn' },
    ceilings: ['Only a restart.'],
  })
  t.match(empty, { action: 'allow', enforcing: 'allow', images: [], ceilings: [] })

  const exemption = { kind: 'namespace', reason: 'kube-*' } as const
  t.match(letThrough('enforce', exemption), { action: 'allow', exemption, images: [] })
  t.end()
})

test('no setting turns doubt into a denial, and no ceiling is broken', (t) => {
  const anyFindings = fc.array(
    fc.record({
      cause: fc.constantFrom(...causeCodes),
      certainty: fc.constantFrom(...certainties),
    }),
    { maxLength: 6 },
  )
  const anyActions: fc.Arbitrary<Partial<Record<CauseCode, Action>>> = fc.dictionary(
    fc.constantFrom(...causeCodes),
    fc.constantFrom(...actions),
  )
  fc.assert(
    fc.property(
      fc.array(anyFindings, { maxLength: 4 }),
      anyActions,
      fc.constantFrom(...modes),
      fc.constantFrom('warn' as const, 'deny' as const),
      fc.constantFrom(aPod(), byReplicaSet),
      fc.array(fc.constant('A ceiling.'), { maxLength: 1 }),
      (images, configured, mode, controllerPods, pod, ceilings) => {
        const decision = decide({
          predictions: images.map((findings) =>
            prediction(...findings.map((f) => finding(f.cause, f.certainty))),
          ),
          workload: pod,
          mode,
          settings: { actions: configured, controllerPods },
          ceilings,
        })
        const judged = decision.images.flatMap((image) => image.findings)
        const denied = judged.filter(({ action }) => action === 'deny')
        if (denied.some((f) => f.finding.certainty === 'uncertain')) return false
        const isCapped =
          ceilings.length > 0 || (pod === byReplicaSet && controllerPods === 'warn')
        if (isCapped && denied.length > 0) return false
        if (mode !== 'enforce' && decision.action === 'deny') return false
        return denied.length > 0 === (decision.enforcing === 'deny')
      },
    ),
  )
  t.end()
})
