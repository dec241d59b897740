import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import t from 'tap'
import type { ImageReference } from '../../src/reference/image-reference.ts'
import { InvalidImageName } from '../../src/reference/invalid-image-name.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'

interface Vector extends Partial<ImageReference> {
  input: string
  valid: boolean
  error?: string
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/references.json', import.meta.url), 'utf8'),
) as Vector[]

const digest = `sha256:${'a'.repeat(64)}`

function outcome(input: string): ImageReference | string {
  try {
    return parseReference(input)
  } catch (error) {
    if (error instanceof InvalidImageName) return error.message
    throw error
  }
}

await t.test('every vector of the real grammar', async (test) => {
  for (const { input, valid, error, ...expected } of vectors) {
    test.same(
      outcome(input),
      valid ? expected : error,
      JSON.stringify(input).slice(0, 100),
    )
  }
})

await t.test('the error texts that no vector holds', async (test) => {
  // The answers of distribution/reference v0.6.0 to these inputs.
  const cases: [input: string, error: string][] = [
    ['A_b.example.com/app', 'repository name must be lowercase'],
    ['\u212A_b.io/app', 'repository name must be lowercase'],
    [`app:1@SHA256:${'a'.repeat(64)}`, 'invalid checksum digest format'],
    [`app@sha384:${'a'.repeat(64)}`, 'invalid checksum digest length'],
    [`app:1@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
    ['a//b', 'invalid reference format'],
    ['a/b:5000/c', 'invalid reference format'],
    [`app:${'t'.repeat(129)}`, 'invalid reference format'],
    ['x'.repeat(4097), 'invalid reference format'],
    ['\uD800', 'invalid reference format'],
    [
      `app@SHA256:${'a'.repeat(64)}`,
      'invalid reference format: repository name (library/app@SHA256) must be lowercase',
    ],
  ]
  for (const [input, error] of cases)
    test.equal(outcome(input), error, input.slice(0, 60))
})

await t.test('the error carries the reason and a bounded input', async (test) => {
  const error = new InvalidImageName('x'.repeat(10_000), 'invalid reference format')

  test.match(error, {
    name: 'InvalidImageName',
    code: 'InvalidImageName',
    reason: 'invalid reference format',
    message: 'invalid reference format',
  })
  test.equal(error.input.length, 512)
})

await t.test('names that make a backtracking parser explode end', async (test) => {
  const units = [
    'a-',
    'a',
    '_',
    'a__',
    'a.',
    'A-',
    'a:',
    '@',
    'a/',
    '[',
    '-',
    'a-a.',
    'é',
  ]
  for (const unit of units) {
    for (const end of ['', '!', '/x!', '@']) {
      const short = unit.repeat(4096).slice(0, 4096 - end.length) + end
      outcome(short)
      outcome(unit.repeat(1_000_000) + end)
    }
  }
  test.pass('no case hangs')
})

const alphaNumeric = fc.stringMatching(/^[a-z0-9]{1,8}$/)
const component = fc
  .tuple(
    alphaNumeric,
    fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), alphaNumeric), {
      maxLength: 2,
    }),
  )
  .map(([first, more]) => first + more.flat().join(''))
const label = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,6}[a-zA-Z0-9])?$/)
const registry = fc.oneof(
  fc
    .tuple(label, label, fc.option(fc.nat(99_999)))
    .map(([a, b, port]) => `${a}.${b}${port === null ? '' : `:${port}`}`),
  fc.constantFrom('localhost', 'localhost:5000', '[2001:db8::1]:5000', 'Upper', 'h:1'),
)
const repository = fc
  .array(component, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
const tag = fc.option(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20}$/))
const anyDigest = fc.option(
  fc.constantFrom(digest, `sha384:${'0'.repeat(96)}`, `sha512:${'f'.repeat(128)}`),
)

/** Strings that look like references more often than chance would have it. */
const nearReference = fc
  .array(
    fc.oneof(
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
        'é',
        digest,
      ),
      fc.constantFrom('docker.io', 'localhost', 'library', 'sha256:', '[::1]', '\uD800'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

await t.test('any string parses or throws InvalidImageName', async (test) => {
  const check = (input: string) => {
    const result = outcome(input)
    if (typeof result === 'string') return
    const again = parseReference(result.pullReference)
    const expected = {
      registry: result.registry,
      repository: result.repository,
      digest: result.digest,
      effectiveTag: result.digest === null ? result.effectiveTag : null,
      pullReference: result.pullReference,
    }
    test.has(again, expected)
  }
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), check))
  fc.assert(fc.property(nearReference, check), { numRuns: 500 })
  test.pass('holds')
})

await t.test('composed valid parts parse back to themselves', async (test) => {
  fc.assert(
    fc.property(
      registry,
      repository,
      tag,
      anyDigest,
      (host, path, tagOrNull, digestOrNull) => {
        const input = `${host}/${path}${tagOrNull === null ? '' : `:${tagOrNull}`}${digestOrNull === null ? '' : `@${digestOrNull}`}`
        const parsed = parseReference(input)

        const { registry: r, repository: p, tag: g, digest: d } = parsed
        const expected = [host, path, tagOrNull, digestOrNull]
        return JSON.stringify([r, p, g, d]) === JSON.stringify(expected)
      },
    ),
  )
  test.pass('holds')
})
