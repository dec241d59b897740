import { test } from 'tap'
import { withoutExemptImages } from '../../src/policy/exempt-images.ts'
import {
  exemptionFor,
  type ExemptionInput,
  type ExemptionResult,
} from '../../src/policy/exemption.ts'
import { effectiveMode } from '../../src/policy/mode.ts'
import type { Mode } from '../../src/policy/action.ts'
import type { ImageUse } from '../../src/workload/workload.ts'
import { aPod } from '../support/a-pod.ts'

const pod = aPod()

test("a Namespace's label overrides the mode", (t) => {
  const cases: [Mode, Record<string, string>, Mode, boolean][] = [
    ['enforce', {}, 'enforce', false],
    ['enforce', { 'pullgate.dev/mode': 'audit' }, 'audit', false],
    ['audit', { 'pullgate.dev/mode': 'enforce' }, 'enforce', false],
    ['warn', { 'pullgate.dev/mode': 'off' }, 'off', false],
    ['enforce', { 'pullgate.dev/mode': 'warn' }, 'warn', false],
    ['warn', { 'pullgate.dev/mode': 'Enforce' }, 'warn', true],
    ['enforce', { 'pullgate.dev/mode': '' }, 'enforce', true],
    ['enforce', { 'pullgate.dev/mode': 'constructor' }, 'enforce', true],
  ]
  for (const [configured, labels, mode, hasProblem] of cases) {
    const effective = effectiveMode(configured, labels)
    t.equal(effective.mode, mode, JSON.stringify(labels))
    t.equal(effective.problem !== null, hasProblem, JSON.stringify(labels))
  }
  const { problem } = effectiveMode('warn', { 'pullgate.dev/mode': 'on\u001b[31m' })
  t.match(problem, /"on \[31m", which is none of enforce, warn, audit and off/)
  t.end()
})

function exemption(changes: Partial<ExemptionInput>): ExemptionResult {
  return exemptionFor({
    workload: pod,
    namespace: 'team-a',
    username: 'jane',
    mode: 'enforce',
    settings: {
      exempt: {
        namespaces: ['kube-system', 'infra-*'],
        users: ['system:node:*', 'ops@acme.io'],
        serviceAccounts: ['flux:*', 'team-a:builder'],
      },
      allowSkip: true,
    },
    ...changes,
  })
}

test('exempts by mode, namespace, user and service account', (t) => {
  const cases: [string, Partial<ExemptionInput>, string | null, string][] = [
    ['nobody special', {}, null, ''],
    ['mode off', { mode: 'off' }, 'mode-off', ''],
    ['namespace', { namespace: 'kube-system' }, 'namespace', 'kube-system'],
    ['namespace glob', { namespace: 'infra-dns' }, 'namespace', 'infra-*'],
    ['namespace is anchored', { namespace: 'my-kube-system' }, null, ''],
    ['user', { username: 'ops@acme.io' }, 'user', 'ops@acme.io'],
    ['user glob', { username: 'system:node:n1' }, 'user', 'system:node:*'],
    ['user is exact', { username: 'ops@acme.iox' }, null, ''],
    [
      'asking service account',
      { username: 'system:serviceaccount:flux:kustomize' },
      'service-account',
      'flux:*',
    ],
    [
      'service account look-alike',
      { username: 'serviceaccount:flux:kustomize' },
      null,
      '',
    ],
    [
      'service account of the Pods',
      { workload: { ...pod, serviceAccountName: 'builder' } },
      'service-account',
      'team-a:builder',
    ],
    [
      'the same name elsewhere',
      { workload: { ...pod, serviceAccountName: 'builder' }, namespace: 'team-b' },
      null,
      '',
    ],
    ['default service account', { namespace: 'flux' }, 'service-account', 'flux:*'],
    [
      'no pod settings',
      { namespace: 'flux', workload: { ...pod, form: 'strings' } },
      null,
      '',
    ],
    ['nobody asks', { username: null }, null, ''],
  ]
  for (const [name, changes, kind, reason] of cases) {
    const result = exemption(changes)
    t.equal(result.exemption?.kind ?? null, kind, name)
    if (reason !== '') t.equal(result.exemption?.reason, reason, name)
    t.same(result.problems, [], name)
  }
  t.end()
})

test('the skip annotation is honoured where it is allowed', (t) => {
  const skip = { 'pullgate.dev/skip': 'migration\nINC-1' }
  const forbidden = {
    exempt: { namespaces: [], users: [], serviceAccounts: [] },
    allowSkip: false,
  }

  t.same(exemption({ workload: { ...pod, annotations: skip } }), {
    exemption: { kind: 'skip-annotation', reason: 'migration INC-1' },
    problems: [],
  })
  t.match(
    exemption({ workload: { ...pod, podAnnotations: skip } }).exemption,
    { kind: 'skip-annotation' },
    'on the template',
  )
  const refused = exemption({
    workload: { ...pod, annotations: skip },
    settings: forbidden,
  })
  t.equal(refused.exemption, null)
  t.match(refused.problems, [/allowSkip: false/])
  const silent = { ...pod, annotations: { 'pullgate.dev/skip': ' ' } }
  t.same(exemption({ workload: silent }).exemption, {
    kind: 'skip-annotation',
    reason: 'no reason given',
  })
  const negated = { ...pod, annotations: { 'pullgate.dev/skip': 'false' } }
  t.same(exemption({ workload: negated }), { exemption: null, problems: [] })
  t.end()
})

function use(image: string): ImageUse {
  return {
    image,
    path: 'spec.containers[0].image',
    container: 'web',
    role: 'container',
    pullPolicy: 'Always',
  }
}

test('exempt images are set aside by their spelling or their full name', (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const nginx = `nginx:1.27@${digest}`
  const uses = [use(nginx), use('UPPER'), use('${IMAGE}')]
  const cases: [string[], string[]][] = [
    [[], []],
    [['nginx:*'], [nginx]],
    [['docker.io/library/nginx:1.27*'], [nginx]],
    [['docker.io/library/nginx@*'], [nginx]],
    [['nginx'], []],
    [['docker.io/*'], [nginx]],
    [
      ['${*}', 'UPPE?'],
      ['UPPER', '${IMAGE}'],
    ],
    [['*'], [nginx, 'UPPER', '${IMAGE}']],
  ]
  for (const [patterns, exempt] of cases) {
    const sorted = withoutExemptImages(uses, patterns)
    t.same(
      sorted.exempt.map((image) => image.use.image),
      exempt,
      patterns.join(' '),
    )
    t.equal(sorted.judged.length + sorted.exempt.length, uses.length)
  }
  t.end()
})
