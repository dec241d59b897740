import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import t from 'tap'
import { diagnoseInvalidReference } from '../../src/reference/diagnose-invalid-reference.ts'
import { diagnoseValidReference } from '../../src/reference/diagnose-valid-reference.ts'
import { isLoopbackRegistry } from '../../src/reference/loopback.ts'
import { grammarError, parseReference } from '../../src/reference/parse-reference.ts'
import { findPlaceholder } from '../../src/reference/placeholder.ts'
import { hasOuterSpace, isBlank } from '../../src/reference/white-space.ts'

const hex = 'a'.repeat(64)
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/references.json', import.meta.url), 'utf8'),
) as { input: string; valid: boolean }[]

function holds(input: string): boolean {
  const { suggestion } = diagnoseInvalidReference(input)
  return suggestion === null || grammarError(suggestion) === null
}

const upperHex = 'A'.repeat(64)

await t.test('an invalid name is told why, and what was meant', async (test) => {
  const cases: [
    input: string,
    problem: string,
    detail: string,
    suggestion: string | null,
  ][] = [
    ['', 'blank', '', null],
    [' \t\n', 'blank', '', null],
    ['Nginx', 'uppercase', '', 'nginx'],
    ['Team/App:V1', 'uppercase', '', 'team/app:V1'],
    ['Reg.Acme.io/Team/App', 'uppercase', '', 'Reg.Acme.io/team/app'],
    ['A_b.example.com/app', 'uppercase', '', 'a_b.example.com/app'],
    ['{{ .Values.image }}:1', 'placeholder', '{{ .Values.image }}', null],
    ['app:{{ tag', 'placeholder', '{{ tag', null],
    ['$IMAGE', 'placeholder', '$IMAGE', null],
    ['app:${TAG:-1}', 'placeholder', '${TAG:-1}', null],
    ['app:$(TAG)', 'placeholder', '$(TAG)', null],
    ['app:<tag>', 'placeholder', '<tag>', null],
    ['http://nginx', 'scheme', 'http://', 'nginx'],
    ['https://ghcr.io/Org/app:1/', 'scheme', 'https://', 'ghcr.io/org/app:1'],
    ['https://ghcr.io/Org/app:1', 'scheme', 'https://', 'ghcr.io/org/app:1'],
    ['docker://nginx:1', 'scheme', 'docker://', 'nginx:1'],
    ['oci://ghcr.io/o/c:1', 'scheme', 'oci://', 'ghcr.io/o/c:1'],
    ['https://hub.docker.com/r/grafana/loki', 'scheme', 'https://', 'grafana/loki'],
    ['https://hub.docker.com/_/redis/', 'scheme', 'https://', 'redis'],
    ['nginx:', 'tag', 'empty', null],
    [`nginx:@sha256:${hex}`, 'tag', 'empty', `nginx@sha256:${hex}`],
    ['nginx::1', 'tag', 'repeated', 'nginx:1'],
    ['nginx:latest:1', 'tag', 'repeated', null],
    [`nginx:sha256:${hex}`, 'tag', 'repeated', `nginx@sha256:${hex}`],
    ['nginx:v1+build', 'tag', 'character', null],
    ['nginx:-bad', 'tag', 'character', null],
    [`nginx:${'t'.repeat(129)}`, 'tag', 'too-long', null],
    ['nginx@', 'digest', 'empty', null],
    ['nginx@sha256:abc', 'digest', 'length', null],
    [`nginx@sha256:${upperHex}`, 'digest', 'case', `nginx@sha256:${hex}`],
    [`nginx@SHA256:${hex}`, 'digest', 'case', `nginx@sha256:${hex}`],
    [`nginx@md5:${hex}`, 'digest', 'algorithm', null],
    [`nginx@${hex}`, 'digest', 'algorithm', `nginx@sha256:${hex}`],
    [`nginx@sha256:${'g'.repeat(64)}`, 'digest', 'format', null],
    [hex, 'image-id', '', null],
    [' nginx', 'whitespace', 'around', 'nginx'],
    ['Nginx\n', 'whitespace', 'around', 'nginx'],
    ['ng inx', 'whitespace', 'inside', null],
    ['nginx\u200b:1', 'whitespace', 'invisible', 'nginx:1'],
    [`docker.io/${'a/'.repeat(128)}b`, 'too-long', 'repository', null],
    ['a'.repeat(5000), 'too-long', 'name', null],
    ['bücher.example/app', 'character', 'ü', null],
    ['app,other', 'character', ',', null],
    ['foo/', 'other', '', 'foo'],
    ['-foo', 'other', '', null],
    ['host.local:abc/app', 'other', '', null],
  ]
  for (const [input, problem, detail, suggestion] of cases) {
    const diagnosis = diagnoseInvalidReference(input)
    test.match(diagnosis, { problem, suggestion }, JSON.stringify(input).slice(0, 80))
    if (detail !== '') test.ok(Object.values(diagnosis).includes(detail), detail)
  }
})

await t.test('a suggestion is always a valid name', async (test) => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a',
      'A',
      '-',
      '_',
      '.',
      ':',
      '/',
      '@',
      ' ',
      '$',
      '{{',
      '}}',
      '<',
      '>',
    ),
    fc.constantFrom(
      'http://',
      'sha256:',
      'nginx',
      'Team/',
      'x.io/',
      hex,
      upperHex,
      '\uD800',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  const near = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''))
  const huge = fc.tuple(near, fc.nat(2000)).map(([part, times]) => part.repeat(times))

  fc.assert(fc.property(near, holds), { numRuns: 2000 })
  fc.assert(fc.property(huge, holds), { numRuns: 20 })
  test.pass('holds')
})

await t.test('every name the real grammar refuses has a diagnosis', async (test) => {
  for (const { input, valid } of vectors) {
    if (valid) continue
    const { problem, suggestion } = diagnoseInvalidReference(input)
    test.equal(problem === 'blank', input === '', input.slice(0, 60))
    test.ok(suggestion === null || grammarError(suggestion) === null)
  }
})

await t.test(
  'a placeholder is found and cut, and a valid name has none',
  async (test) => {
    const found = [
      'a:{{ b }}',
      'a:$T',
      'a:${T}',
      'a:$(T)',
      'a:<t>',
      'a:{t}',
      'a:((t))',
      'a:%T%',
    ]
    for (const input of found) test.not(findPlaceholder(input), null, input)
    for (const input of ['nginx', 'a$', '$1', '<', 'a%b', '(a)']) {
      test.equal(findPlaceholder(input), null, input)
    }
    test.equal(findPlaceholder(`{{${'x'.repeat(500)}`)?.length, 60)
    for (const unit of ['{', '{{', '<', '${', '((', '%a', '$(']) {
      test.doesNotThrow(() => findPlaceholder(unit.repeat(1_000_000)))
    }
  },
)

await t.test('white space is what Go takes for white space', async (test) => {
  for (const space of [' ', '\t', '\n', '\v', '\f', '\r', '\u0085', '\u00a0', '\u3000']) {
    test.ok(isBlank(space), JSON.stringify(space))
    test.ok(hasOuterSpace(`a${space}`) && hasOuterSpace(`${space}a`))
  }
  test.ok(isBlank(''))
  test.notOk(isBlank('\ufeff'))
  test.notOk(hasOuterSpace('a b'))
})

await t.test('a valid name that is odd is remarked on', async (test) => {
  const cases: [input: string, ...remarks: object[]][] = [
    ['nginx:1'],
    ['docker.io/team/app:1'],
    ['library/nginx:1'],
    ['nginx', { remark: 'no-tag' }],
    ['myreg/app:1', { remark: 'dotless-registry', first: 'myreg', hubShape: true }],
    ['myreg/a/b:1', { remark: 'dotless-registry', first: 'myreg', hubShape: false }],
    ['localhost:5000', { remark: 'localhost-tag', host: 'localhost:5000' }],
    ['ghcr.io', { remark: 'localhost-tag', host: 'ghcr.io' }, { remark: 'no-tag' }],
    ['reg.acme.io:5000', { remark: 'localhost-tag', host: 'reg.acme.io:5000' }],
    ['foo.bar:v1'],
    ['h.io:99999/a:1', { remark: 'port-out-of-range', port: '99999' }],
    ['h.io:65535/a:1'],
    [`nginx:1@sha256:${hex}`, { remark: 'tag-ignored', tag: '1' }],
    [`nginx@sha256:${hex}`],
    ['localhost:5000/app:1', { remark: 'loopback' }],
    [
      'k8s.gcr.io/pause:3.9',
      { remark: 'legacy-host', suggestion: 'registry.k8s.io/pause:3.9' },
    ],
    [
      'docker.io/bitnami/redis:7.2',
      { remark: 'legacy-host', suggestion: 'docker.io/bitnamilegacy/redis:7.2' },
    ],
    ['docker.io/bitnami/redis:latest'],
    ['docker.io/bitnami/minideb:bookworm'],
    [
      `docker.io/bitnami/${'x'.repeat(247)}:1`,
      { remark: 'legacy-host', suggestion: null },
    ],
    ['a_b.example.com/app:1'],
  ]
  for (const [input, ...expected] of cases) {
    const remarks = diagnoseValidReference(parseReference(input), input)
    test.equal(remarks.length, expected.length, input)
    test.match(remarks, expected, input)
    for (const remark of remarks) {
      if (remark.remark !== 'legacy-host' || remark.suggestion === null) continue
      test.equal(grammarError(remark.suggestion), null, remark.suggestion)
    }
  }
})

await t.test('loopback is judged by spelling', async (test) => {
  const own = [
    'localhost',
    'LOCALHOST:5000',
    'registry.localhost',
    '127.0.0.1:5000',
    '127.1',
    '127.255.0.9',
    '0.0.0.0:80',
    '[::1]',
    '[::1]:5000',
    '[0:0:0:0:0:0:0:1]',
    '[0000::0001]',
    '[::]',
    '[::ffff:7f00:1]',
  ]
  const others = [
    '',
    'docker.io',
    'localhost.example.com',
    'notlocalhost',
    '127.example.com',
    '128.0.0.1',
    '1127.0.0.1',
    '[::1:1]',
    '[::10]',
    '[1::]',
    '[2001:db8::1]',
    '[::ffff:a00:1]',
    '[:]',
  ]
  for (const registry of own) test.ok(isLoopbackRegistry(registry), registry)
  for (const registry of others) test.notOk(isLoopbackRegistry(registry), registry)
})
