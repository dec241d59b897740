import * as fc from 'fast-check'
import t from 'tap'
import { editDistance } from '../../src/text/edit-distance.ts'

t.test('counts what was typed wrong, up to a limit', (t) => {
  const cases: [string, string, number, number | null][] = [
    ['', '', 0, 0],
    ['registry', 'registry', 0, 0],
    ['regstry', 'registry', 1, 1],
    ['registryy', 'registry', 1, 1],
    ['registri', 'registry', 1, 1],
    ['regsitry', 'registry', 1, 1],
    ['regsitri', 'registry', 2, 2],
    ['regsitri', 'registry', 1, null],
    ['a', 'abcd', 2, null],
    ['ab', '', 2, 2],
    ['a', 'a', -1, null],
  ]
  for (const [a, b, limit, edits] of cases) {
    t.equal(editDistance(a, b, limit), edits, `${a} and ${b} within ${limit}`)
  }
  t.end()
})

t.test('is the same both ways, and a limit changes no distance within it', (t) => {
  const words = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
  fc.assert(
    fc.property(words, words, fc.nat(8), (a, b, limit) => {
      const edits = editDistance(a, b, 8)
      const within = edits !== null && edits <= limit ? edits : null
      return editDistance(b, a, 8) === edits && editDistance(a, b, limit) === within
    }),
  )
  t.end()
})
