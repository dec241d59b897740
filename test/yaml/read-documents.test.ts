import * as fc from 'fast-check'
import t from 'tap'
import { readDocuments } from '../../src/yaml/read-documents.ts'

function values(text: string | Uint8Array): unknown[] {
  return readDocuments(text).documents.map(({ value }) => value)
}

function errors(text: string | Uint8Array): string[] {
  return readDocuments(text).errors.map((e) => `${e.line}:${e.column} ${e.message}`)
}

await t.test('documents are read as kubectl would hand them on', async (test) => {
  const cases: [text: string, ...expected: unknown[]][] = [
    [''],
    ['# only a comment\n'],
    ['---\n---\n# nothing\n---\n~\n'],
    ['a: 1\r\n---\r\nb: 2\r\n', { a: 1 }, { b: 2 }],
    ['\ufeffa: 1', { a: 1 }],
    ['--- # first\na: 1\n---\tb\n', { a: 1 }, 'b'],
    ['a: 1\n...\n---\nb: 2', { a: 1 }, { b: 2 }],
    ['a: |\n  x\n  --- not a separator\n', { a: 'x\n--- not a separator\n' }],
    ['a: ---x\n', { a: '---x' }],
    ['{\n\t"a": [1, true, null, "x\\u00e9"]\n}', { a: [1, true, null, 'xé'] }],
    ['mode: off\nyes: on\nn: no', { mode: 'off', yes: 'on', n: 'no' }],
    ['%YAML 1.1\n---\na: yes\nb: 2001-01-01\n', { a: 'yes', b: '2001-01-01' }],
    ['a: !!binary aGk=\nb: !custom x', { a: 'aGk=', b: 'x' }],
    ['1.10: a\ntrue: b\n~: c', { '1.10': 'a', true: 'b', '~': 'c' }],
    ['a: &x {p: 1, q: 2}\nb: *x', { a: { p: 1, q: 2 }, b: { p: 1, q: 2 } }],
    [
      'a: &x {p: 1, q: 2}\nb:\n  q: 3\n  <<: *x',
      { a: { p: 1, q: 2 }, b: { p: 1, q: 3 } },
    ],
    ['a: &x {p: 1}\n<<: [*x, {p: 2, q: 2}]', { a: { p: 1 }, p: 1, q: 2 }],
    ['"<<": 1', { '<<': 1 }],
    ['kind: List\nitems: [{kind: Pod}]', { kind: 'List', items: [{ kind: 'Pod' }] }],
  ]
  for (const [text, ...expected] of cases) {
    test.same(values(text), expected, JSON.stringify(text))
    test.same(errors(text), [], JSON.stringify(text))
  }
})

await t.test('a broken document has its place and spoils no other', async (test) => {
  const cases: [text: string, error: string][] = [
    ['a: 1\nb: [1, 2', '3:1 Flow sequence in block collection must be sufficiently'],
    ['a: "x', '2:1 Missing closing "quote'],
    ['a:\n\t- x', '2:1 Tabs are not allowed as indentation'],
    ['a: 1\nb: 2\na: 3', '3:1 the key "a" is set twice'],
    ['{"a": 1, "a": 2}', '1:10 the key "a" is set twice'],
    ['a: b: c', '1:4 Nested mappings are not allowed'],
    ['a: *x', '1:4 an alias has no anchor before it'],
    ['a: &x [*x]', '1:8 an alias stands inside its own anchor'],
    ['a:\n  <<: 3', '2:3 the merge key << needs a map'],
    ['? [a]\n: b', '1:3 Keys must be strings'],
    ['[{}{}', '1:'],
    ['['.repeat(100_000), '1:501 nested deeper than 500 levels'],
  ]
  for (const [text, error] of cases) {
    const result = readDocuments(`x: 1\n---\n${text}\n---\ny: 2\n`)
    const [line = '', ...rest] = error.split(':')
    const expected = [Number(line) + 2, ...rest].join(':')
    const [found] = result.errors
    const actual = `${found?.line}:${found?.column} ${found?.message}`

    test.equal(result.errors.length, 1, text.slice(0, 40))
    test.equal(actual.slice(0, expected.length), expected)
    test.same(
      result.documents.map(({ value, line: at }) => [value, at]),
      [
        [{ x: 1 }, 1],
        [{ y: 2 }, 4 + text.split('\n').length],
      ],
      text.slice(0, 40),
    )
  }
})

await t.test('where it may, the last of repeated keys counts', async (test) => {
  const text = 'a: 1\nb: {c: 1, c: 2}\na: [x]\n---\n{"d": {"e": 1}, "d": {"f": 2}}\n'
  const { documents, errors: told } = readDocuments(text, { repeatedKeys: 'last-counts' })

  test.same(
    documents.map(({ value }) => value),
    [{ a: ['x'], b: { c: 2 } }, { d: { f: 2 } }],
  )
  test.same(
    told.map((e) => `${e.line}:${e.column} ${e.message}`),
    [
      '2:11 the key "c" is set twice, and the last value counts',
      '3:1 the key "a" is set twice, and the last value counts',
      '5:17 the key "d" is set twice, and the last value counts',
    ],
  )
  test.same(documents[0]?.positionOf(['a', 0]), { line: 3, column: 5 })
  test.same(documents[0]?.positionOf(['b', 'c']), { line: 2, column: 14 })
  test.equal(documents[1]?.positionOf(['d', 'e']), null)

  const many = `{${'a: 1, '.repeat(1000)}}`
  test.equal(readDocuments(many, { repeatedKeys: 'last-counts' }).errors.length, 10)
})

await t.test('no error quotes what was written as a value', async (test) => {
  const secrets = [
    'a: "\\xhunter2"',
    'a: "x" hunter2',
    'a: |hunter2\n  x',
    '}hunter2',
    'a: !<hunter2',
    'a: *hunter2',
    'a: &hunter2 *b',
    '%hunter2\n---\n"',
    'a: [ hunter2: "x" "hunter2" ]\n - hunter2',
    '- a\nhunter2',
  ]
  for (const text of secrets) test.notMatch(errors(text).join(), 'hunter2', text)
})

await t.test('what is no UTF-8 text is refused with one clear error', async (test) => {
  const cases: [input: string | Uint8Array, error: string][] = [
    [Buffer.from('a: 1\nb: \0'), '2:1 this is binary, not YAML: it holds a NUL'],
    ['\0', '1:1 this is binary, not YAML: it holds a NUL'],
    [Buffer.from([0x61, 0x0a, 0xff]), '2:1 this is not UTF-8'],
    [Buffer.from('\ufeffa: 1', 'utf16le'), '1:1 this is UTF-16: save it as UTF-8'],
  ]
  for (const [input, error] of cases) {
    test.same(values(input), [])
    test.same(errors(input), [error])
  }
  test.same(values(Buffer.from('\ufeffa: é')), [{ a: 'é' }])
})

await t.test('every bound ends with an error that names it', async (test) => {
  const large = readDocuments('a: é', { maxBytes: 4 })
  test.match(large.errors, [{ message: '5 bytes are more than the 4 that are read' }])

  const many = readDocuments('a\n---\nb\n---\nc', { maxDocuments: 2 })
  test.equal(many.documents.length, 2)
  test.match(many.errors, [{ message: 'more than 2 documents', line: 4 }])

  const wide = readDocuments('[1, 2, 3]\n---\nok', { maxValues: 3 })
  test.match(wide.errors, [{ message: 'more than 3 values, aliases written out' }])
  test.equal(wide.documents.length, 1)
})

await t.test('bombs of aliases and merge keys end', async (test) => {
  const letters = 'abcdefghij'.split('')
  const bomb = letters.map((letter, index) => {
    const item = index === 0 ? 'x' : `*${letters[index - 1]}`
    return `${letter}: &${letter} [${`${item} ,`.repeat(9)}]`
  })
  const keys = Array.from({ length: 3000 }, (_, index) => `k${index}: 1`)
  const deep = keys.map((_, index) => `a${index}: &a${index} [[[*a${index - 1}]]]`)
  const merges = `x: &x {${keys.join()}}\ny:\n${'- <<: *x\n'.repeat(3000)}`
  const ladder = ['a-1: &a-1 x', ...deep].join('\n')

  test.match(errors(bomb.join('\n')), [/more than 1000000 values/])
  test.match(errors(merges), [/more than 1000000 values/])
  test.match(errors(ladder), [/aliases nest deeper than 500 levels/])
})

await t.test('a __proto__ key never becomes a prototype', async (test) => {
  const texts = [
    '__proto__: {polluted: 1}\na: 1',
    '{"__proto__": {"polluted": 1}, "a": 1}',
    'x: &x {__proto__: {polluted: 1}}\n<<: *x\na: 1',
    '<<: {__proto__: {polluted: 1}}\na: 1',
    'constructor: {prototype: {polluted: 1}}\na: 1',
  ]
  for (const text of texts) {
    const [value] = values(text) as [object]
    const copy = Object.assign({}, value)
    test.equal(Object.getPrototypeOf(value), Object.prototype, text)
    test.equal(Object.getPrototypeOf(copy), Object.prototype, text)
    test.match(value, { a: 1 })
    test.notOk('polluted' in copy || 'polluted' in {})
  }
})

await t.test('positions lead to where a value was written', async (test) => {
  const text = `# head
---
a:
  b:
    - image: nginx
    - &z {k: v}
    - *z
  m:
    <<: *z
  "q.r": { s: }
`
  const [document] = readDocuments(text).documents
  const cases: [path: (string | number)[], value: string | null, key: string | null][] = [
    [[], '3:1', '3:1'],
    [['a'], '3:1', '3:1'],
    [['a', 'b', 0], '5:7', '5:7'],
    [['a', 'b', 0, 'image'], '5:14', '5:7'],
    [['a', 'b', 1, 'k'], '6:14', '6:11'],
    [['a', 'b', 2], '7:7', '7:7'],
    [['a', 'b', 2, 'k'], '6:14', '6:11'],
    [['a', 'm', 'k'], '9:5', '9:5'],
    [['a', 'q.r', 's'], '10:15', '10:12'],
    [['a', 'none'], null, null],
    [['a', 'b', 9], null, null],
    [['a', 'b', 'x'], null, null],
    [['a', 'b', 0, 'image', 'x'], null, null],
  ]
  const show = (path: (string | number)[], part: 'key' | 'value') => {
    const position = document?.positionOf(path, part) ?? null
    return position === null ? null : `${position.line}:${position.column}`
  }
  for (const [path, value, key] of cases) {
    test.equal(show(path, 'value'), value, path.join('.'))
    test.equal(show(path, 'key'), key, path.join('.'))
  }
})

const fragment = fc.oneof(
  fc.constantFrom(
    'a',
    ': ',
    '- ',
    '\n',
    '  ',
    '---\n',
    '...\n',
    '[',
    ']',
    '{',
    '}',
    ', ',
  ),
  fc.constantFrom(
    '"',
    "'",
    '|',
    '>',
    '&a ',
    '*a',
    '<<',
    '!',
    '%',
    '#',
    '\t',
    '? ',
    '\r\n',
  ),
  fc.constantFrom('__proto__', '\0', '\ufeff', '\uD800', '1', 'null', '!!map ', '!!str '),
  fc.string({ unit: 'binary', maxLength: 4 }),
)

await t.test('any text gives documents and errors, and never throws', async (test) => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), (parts) => {
      const { documents, errors: found } = readDocuments(parts.join(''))
      JSON.stringify(documents)
      for (const { message, line, column } of found) {
        if (message === '' || line < 1 || column < 1) return false
      }
      return documents.every(({ positionOf }) => positionOf([]) !== null)
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      readDocuments(bytes)
    }),
  )
  test.pass('holds')
})

await t.test('JSON reads as JSON.parse reads it', async (test) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (json, indent) => {
      const text = JSON.stringify(json, null, indent ? '\t' : 0)
      fc.pre(!text.includes('__proto__'))
      const [value = null] = values(text)
      return JSON.stringify(value) === JSON.stringify(JSON.parse(text))
    }),
    { numRuns: 500 },
  )
  test.pass('holds')
})
