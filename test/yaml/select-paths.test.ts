import * as fc from 'fast-check'
import t from 'tap'
import { everyItem, formatPath, parsePath, parsePattern } from '../../src/yaml/path.ts'
import { selectPaths } from '../../src/yaml/select-paths.ts'

await t.test('paths are read and written', async (test) => {
  const cases: [text: string, path: (string | number)[]][] = [
    ['', []],
    ['spec', ['spec']],
    [
      'spec.template.spec.containers[0].image',
      ['spec', 'template', 'spec', 'containers', 0, 'image'],
    ],
    ['[0][12].a', [0, 12, 'a']],
    ['a["pullgate.dev/skip"]', ['a', 'pullgate.dev/skip']],
    ['a["x\\"]"].b-c_d', ['a', 'x"]', 'b-c_d']],
    ['[""]', ['']],
  ]
  for (const [text, path] of cases) {
    test.same(parsePath(text), path, text)
    test.equal(formatPath(path), text)
  }
  test.same(parsePattern('a[*].b[*]'), ['a', everyItem, 'b', everyItem])
})

await t.test('what is no path is null', async (test) => {
  const bad = [
    '.a',
    'a.',
    'a..b',
    'a[',
    'a[]',
    'a[-1]',
    'a[x]',
    'a b',
    'a["x]',
    ']',
    'a[0]b',
  ]
  for (const text of [...bad, 'a["\\q"]', 'a'.repeat(5000), '"'.repeat(2000)]) {
    test.equal(parsePattern(text), null, text.slice(0, 20))
  }
  test.equal(parsePath('a[*]'), null)
})

await t.test('every path that is written reads back', async (test) => {
  const segment = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.nat(999))
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), (path) => {
      const again = parsePath(formatPath(path))
      return JSON.stringify(again) === JSON.stringify(path)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parsePattern(text)
    }),
  )
  test.pass('holds')
})

await t.test('a pattern selects its places in order', async (test) => {
  const value = {
    spec: {
      image: 'a',
      components: [{ image: 'b' }, { other: 1 }, { image: 'c' }, null, 'text'],
      named: { x: { image: 'd' }, y: { image: 'e' } },
    },
  }
  const cases: [pattern: string, ...expected: [path: string, value: unknown][]][] = [
    ['spec.image', ['spec.image', 'a']],
    [
      'spec.components[*].image',
      ['spec.components[0].image', 'b'],
      ['spec.components[2].image', 'c'],
    ],
    ['spec.components[2].image', ['spec.components[2].image', 'c']],
    ['spec.named[*].image', ['spec.named.x.image', 'd'], ['spec.named.y.image', 'e']],
    ['spec.components[9]'],
    ['spec.components.length'],
    ['spec.toString'],
    ['spec.__proto__'],
    ['spec.image[0]'],
    ['not..a.pattern'],
  ]
  for (const [pattern, ...expected] of cases) {
    const found = selectPaths(value, pattern).map((s) => [s.path, s.value])
    test.same(found, expected, pattern)
  }
})

await t.test('a search is bounded in matches and in visits', async (test) => {
  const list = Array.from({ length: 5000 }, () => ({ image: 'x' }))
  const inner: unknown[] = Array.from({ length: 1000 }, () => 1)
  const dense = Array.from({ length: 1000 }, () => inner)
  const square = Array.from({ length: 1000 }, () => dense)

  test.equal(selectPaths(list, '[*].image').length, 1000)
  test.equal(selectPaths(list, '[*].image', { maxMatches: 3 }).length, 3)
  test.equal(selectPaths(list, '[*].image', { maxVisits: 10 }).length, 4)
  test.same(selectPaths(square, '[*][*][*].none'), [])
})
