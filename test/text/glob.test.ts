import * as fc from 'fast-check'
import { test } from 'tap'
import { firstMatchingGlob, matchesGlob } from '../../src/text/glob.ts'

test('globs are anchored and stars cross slashes', (t) => {
  const cases: [string, string, boolean][] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'a/b:c@d', true],
    ['?', '', false],
    ['?', '/', true],
    ['a*c', 'abc', true],
    ['a*c', 'abcd', false],
    ['a*c', 'xabc', false],
    ['a**c', 'ac', true],
    ['localhost/*', 'localhost/a/b', true],
    ['localhost/*', 'localhost', false],
    ['gcr.io', 'gcrxio', false],
    ['*.gcr.io', 'eu.gcr.io', true],
    ['*.gcr.io', 'evilgcr.io', false],
    ['*.dkr.ecr.*.amazonaws.com', '1.dkr.ecr.eu-west-1.amazonaws.com', true],
    ['*.dkr.ecr.*.amazonaws.com', '1.dkr.ecr.eu-west-1.amazonaws.com.evil', false],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['A', 'a', false],
  ]
  for (const [pattern, text, expected] of cases) {
    t.equal(matchesGlob(pattern, text), expected, `${pattern} on ${text}`)
  }
  t.equal(firstMatchingGlob(['a', 'b*', '*'], 'x', 'bc'), 'b*')
  t.equal(firstMatchingGlob(['a'], 'x'), null)
  t.end()
})

/** The definition, without any thought of speed. */
function naive(pattern: string, text: string): boolean {
  const [first] = pattern
  if (first === undefined) return text === ''
  const rest = pattern.slice(1)
  if (first === '*') {
    return naive(rest, text) || (text !== '' && naive(pattern, text.slice(1)))
  }
  return text !== '' && (first === '?' || first === text[0]) && naive(rest, text.slice(1))
}

test('agrees with the definition', (t) => {
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 7 })
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
  fc.assert(
    fc.property(patterns, texts, (p, text) => matchesGlob(p, text) === naive(p, text)),
    { numRuns: 5000 },
  )
  t.end()
})

test('does not blow up on hostile texts', (t) => {
  // A backtracking matcher needs longer than the universe for this one.
  t.equal(matchesGlob(`${'a*'.repeat(50)}b`, 'a'.repeat(20_000)), false)
  t.end()
})
