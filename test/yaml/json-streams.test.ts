import * as fc from 'fast-check'
import t from 'tap'
import { readDocuments } from '../../src/yaml/read-documents.ts'
import { splitJsonStream } from '../../src/yaml/split-json-stream.ts'

// JSON objects one after the other, as `jq -c` and `kubectl get -o json` in a loop print them.

t.test('objects and their places', (t) => {
  const rows: [text: string, values: [value: unknown, place: string][]][] = [
    [
      '{"a":1}\n{"b":2}',
      [
        [{ a: 1 }, '1:1'],
        [{ b: 2 }, '2:1'],
      ],
    ],
    [
      ' {"a":"}{\\"{"}{"b":[{}]}\r\n\r\n  {"c":3}\n',
      [
        [{ a: '}{"{' }, '1:2'],
        [{ b: [{}] }, '1:15'],
        [{ c: 3 }, '3:3'],
      ],
    ],
    [
      '---\n{\n  "a": 1\n}\n{\n  "b": 2\n}\n---\n{"c": 3}\n',
      [
        [{ a: 1 }, '2:1'],
        [{ b: 2 }, '5:1'],
        [{ c: 3 }, '9:1'],
      ],
    ],
    // What YAML reads as one or as several stays so.
    ['{"a": [\n{"b": 1},\n{"c": 2}]} # {\n', [[{ a: [{ b: 1 }, { c: 2 }] }, '1:1']]],
    ['{"a": \'}\',\n "b": 2 }', [[{ a: '}', b: 2 }, '1:1']]],
    [
      '{"a": 1}\n...\n{"b": 2}',
      [
        [{ a: 1 }, '1:1'],
        [{ b: 2 }, '3:1'],
      ],
    ],
  ]
  for (const [text, expected] of rows) {
    const { documents, errors } = readDocuments(text)
    t.same(errors, [], text)
    t.same(
      documents.map(({ value, line, column }) => [value, `${line}:${column}`]),
      expected,
      text,
    )
  }
  t.end()
})

t.test('places inside of an object that begins in the middle of a line', (t) => {
  const [, second] = readDocuments('{"a":1} {"b":\n{"c":2}}').documents
  t.same(second?.positionOf(['b'], 'key'), { line: 1, column: 10 })
  t.same(second?.positionOf(['b', 'c']), { line: 2, column: 6 })
  t.end()
})

t.test('a broken object hides neither those before it nor those after it', (t) => {
  const rows: [broken: string, error: RegExp][] = [
    ['{"b":[1}', /^2:\d+ Flow sequence/],
    ['{"b":{"c":1}', /^3:1 Flow map/],
    ['{"b":"x}', /^3:1 Missing closing "quote/],
    ['{"b":1}}', /^2:8 Unexpected flow-map-end/],
    ['{"b":1},', /^2:8 Plain value cannot start/],
    ['{"b":1}, {"x":1},', /^2:8 Plain value cannot start/],
    ['{"b":1} ]', /^2:9 Unexpected flow-seq-end/],
  ]
  for (const [broken, error] of rows) {
    const text = `{"a":1}\n${broken}\n{"c":3}\n{"d":\n 4}\n`
    const { documents, errors } = readDocuments(text)
    const values = documents.map(({ value }) => value)
    t.match(values[0], { a: 1 }, broken)
    t.same(values.slice(-2), [{ c: 3 }, { d: 4 }], broken)
    t.same(errors.length, 1, broken)
    t.match(`${errors[0]?.line}:${errors[0]?.column} ${errors[0]?.message}`, error)
  }
  // A list that is cut off is one error, and not one for each item.
  t.equal(readDocuments('{"items":[\n{"a":1},\n{"b":2},\n{"c":').errors.length, 1)
  t.end()
})

t.test('whatever JSON objects stand in a row are read as they are', (t) => {
  const object = fc.dictionary(fc.string(), fc.jsonValue())
  const blank = fc.constantFrom('', ' ', '\n', '\r\n', '\n\n\t')
  fc.assert(
    fc.property(fc.array(fc.tuple(object, blank, fc.boolean())), (items) => {
      const texts = items.map(
        ([value, after, indent]) => JSON.stringify(value, null, indent ? 2 : 0) + after,
      )
      fc.pre(!texts.join('').includes('__proto__'))
      const read = readDocuments(texts.join(''))
      return (
        read.errors.length === 0 &&
        JSON.stringify(read.documents.map(({ value }) => value)) ===
          JSON.stringify(texts.map((text): unknown => JSON.parse(text)))
      )
    }),
  )
  t.end()
})

t.test('nothing is lost, whatever the text', (t) => {
  const part = fc.constantFrom(
    '{"',
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    "'",
    '#',
    ':',
    ',',
    'a',
    ' ',
    '\n',
    '\n{"a',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const text = `{"${parts.join('')}`
      const chunks = [...splitJsonStream({ text, lineOffset: 3, columnOffset: 5 })]
      let before = ''
      for (const chunk of chunks) {
        const lines = before.split('\n')
        const column = (lines.at(-1)?.length ?? 0) + (lines.length === 1 ? 5 : 0)
        if (chunk.lineOffset !== 3 + lines.length - 1) return false
        if (chunk.columnOffset !== column || chunk.text === '') return false
        before += chunk.text
      }
      return before === text
    }),
    { numRuns: 2000 },
  )
  t.end()
})

t.test('a megabyte of anything is cut in one pass', (t) => {
  // Looking again for an end or a line at each of these would take hours.
  const parts = [
    '{}',
    '{"\n',
    '{"a":[',
    '{"a":1}"',
    '{"a":1}:',
    '{"a":1}\n[',
    '{"a":\n\n',
  ]
  for (const part of parts) {
    const text = `{"a":1}${part.repeat(1_000_000 / part.length)}`
    let pieces = 0
    for (const { text: piece } of splitJsonStream({
      text,
      lineOffset: 0,
      columnOffset: 0,
    }))
      pieces += piece.length
    t.equal(pieces, text.length, part)
  }
  t.end()
})
