import * as fc from 'fast-check'
import { test } from 'tap'
import {
  parseChallenge,
  parseChallenges,
  usableChallenge,
} from '../../src/registry/challenge.ts'
import { isDigest } from '../../src/registry/digest.ts'
import {
  checkDocument,
  parseConfigDescriptor,
  parseIndex,
} from '../../src/registry/manifest-document.ts'
import type { PlatformEntry } from '../../src/registry/lookup.ts'
import { matchFallback, matchStrict } from '../../src/registry/platform-matcher.ts'
import { parseRateLimit, parseRetryAfter } from '../../src/registry/rate-limit.ts'
import { parseRegistryErrors } from '../../src/registry/registry-errors.ts'
import { parseUntrustedObject } from '../../src/registry/untrusted-json.ts'

await test('challenges are read as containerd reads them', (t) => {
  const table: [
    line: string,
    scheme: string | null,
    parameters?: Record<string, string>,
  ][] = [
    [
      'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
      'bearer',
      { realm: 'https://a/t', service: 's', scope: 'repository:x:pull,push' },
    ],
    ['BEARER Realm=x , Service = y', 'bearer', { realm: 'x' }],
    ['Basic realm="a \\"quoted\\" name"', 'basic', { realm: 'a "quoted" name' }],
    ['Basic', 'basic', {}],
    ['Digest realm="d"', 'digest', { realm: 'd' }],
    ['Bearer realm="open', 'bearer', {}],
    ['Bearer realm="a",service="",scope="lost"', 'bearer', { realm: 'a' }],
    ['Bearer realm="a", Basic realm="b"', 'bearer', { realm: 'a' }],
    [
      'Bearer __proto__="x",constructor="y"',
      'bearer',
      { __proto__: 'x', constructor: 'y' },
    ],
    ['Negotiate', null],
    ['Bearertoken realm="x"', null],
    ['', null],
    ['"Bearer" realm="x"', null],
  ]
  for (const [line, scheme, parameters = {}] of table) {
    const challenge = parseChallenge(line)
    t.equal(challenge?.scheme ?? null, scheme, line)
    if (line.includes('__proto__')) t.equal(challenge?.parameters.get('__proto__'), 'x')
    else t.same(Object.fromEntries(challenge?.parameters ?? []), parameters, line)
  }
  const both = parseChallenges({
    'www-authenticate': ['Basic realm="b"', 'Digest realm="d"', 'Bearer realm="t"'],
  })
  t.same(
    both.map(({ scheme }) => scheme),
    ['bearer', 'digest', 'basic'],
  )
  t.equal(usableChallenge(both)?.scheme, 'bearer')
  t.equal(usableChallenge(parseChallenges({})), null)
  t.end()
})

const quoted = (value: string): string =>
  `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`

await test('any challenge that is written can be read, and nothing throws', (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 8 }),
      fc.array(fc.stringMatching(/^[ -~]{1,20}$/), { minLength: 8, maxLength: 8 }),
      (names, values) => {
        const line = names.map((name, index) => `${name}=${quoted(values[index] ?? 'x')}`)
        const { parameters } = parseChallenge(`Bearer ${line.join(', ')}`) ?? {}
        return names.every((name, index) => parameters?.get(name) === values[index])
      },
    ),
  )
  const soup = fc.array(
    fc.constantFrom('Bearer', 'basic', ' ', ',', '=', '"', '\\', 'realm', '\u0000', 'é'),
  )
  fc.assert(fc.property(soup, (parts) => (parseChallenge(parts.join('')), true)))
  fc.assert(
    fc.property(
      fc.string(),
      (line) => (parseChallenges({ 'www-authenticate': line }), true),
    ),
  )
  t.same(
    parseChallenges({ 'www-authenticate': `Bearer realm="${'\\'.repeat(1_000_000)}` }),
    [],
  )
  t.end()
})

await test('manifests and error bodies of any shape are read without throwing', (t) => {
  const value = fc.jsonValue()
  const keys = fc.constantFrom(
    'manifests',
    'config',
    'layers',
    'mediaType',
    'errors',
    'digest',
    'platform',
    '__proto__',
  )
  const document = fc.oneof(
    fc.dictionary(keys, value),
    fc.record({
      manifests: fc.array(fc.dictionary(keys, value)),
      errors: fc.array(fc.dictionary(keys, value)),
    }),
    value,
  )
  fc.assert(
    fc.property(document, (any) => {
      const body = Buffer.from(JSON.stringify(any))
      const index = parseIndex(body)
      checkDocument(body, 'image')
      parseConfigDescriptor(body)
      parseRegistryErrors(body)
      return index === null || index.entries.every(({ digest }) => isDigest(digest))
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => (parseIndex(Buffer.from(bytes)), true)),
  )
  t.equal(parseUntrustedObject(Buffer.from(`{"a":${'['.repeat(100_000)}`)), null)
  t.equal(parseUntrustedObject(Buffer.from('[]')), null)
  t.same(
    parseRegistryErrors(
      Buffer.from('{"errors":[{"code":"A\\u001b[31m","message":"b\\nc"},7,{}]}'),
    ),
    [{ code: 'A [31m', message: 'b c' }],
  )
  t.end()
})

const quota = (limit: string, remaining: string) =>
  parseRateLimit({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining })

await test('quota and retry headers', (t) => {
  t.match(quota('100;w=21600', '99;w=21600'), {
    limit: 100,
    remaining: 99,
    windowSeconds: 21600,
    source: null,
  })
  t.match(quota('5', '0;w=60'), { limit: 5, remaining: 0, windowSeconds: 60 })
  t.equal(quota('many', '1'), null)
  t.equal(parseRateLimit({}), null)
  const waits: [string, number | null][] = [
    ['3', 3000],
    ['-3', null],
    ['soon', null],
    ['Thu, 01 Jan 1970 00:00:09 GMT', 4000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
    ['999999999', 86_400_000],
  ]
  for (const [text, expected] of waits) {
    t.equal(parseRetryAfter({ 'retry-after': text }, 5000), expected, text)
  }
  t.end()
})

const entry = (platform: string, more: Partial<PlatformEntry> = {}): PlatformEntry => {
  const [os = null, architecture = null, variant = null] =
    platform === '' ? [] : platform.split('/')
  return {
    digest: platform,
    mediaType: '',
    os,
    architecture,
    variant,
    osVersion: null,
    osFeatures: [],
    ...more,
  }
}

await test('platforms are matched as in pull-semantics 5', (t) => {
  const table: [image: string, node: string, strict: boolean, fallback: boolean][] = [
    ['linux/amd64', 'linux/amd64', true, true],
    ['linux/amd64/v1', 'linux/amd64', true, true],
    ['Linux/x86_64', 'linux/amd64', true, true],
    ['linux/amd64/v2', 'linux/amd64', false, false],
    ['linux/amd64/v2', 'linux/amd64/v3', false, true],
    ['linux/386', 'linux/amd64', false, true],
    ['linux/i386', 'linux/386', true, true],
    ['linux/arm64', 'linux/amd64', false, false],
    ['linux/aarch64/v8', 'linux/arm64', true, true],
    ['linux/arm64/v9', 'linux/arm64', false, true],
    ['linux/arm64/v9', 'linux/arm64/v8', false, false],
    ['linux/arm/v7', 'linux/arm64', false, true],
    ['linux/arm', 'linux/arm', true, true],
    ['linux/arm/v8', 'linux/arm', false, true],
    ['linux/arm/v8', 'linux/arm/v7', false, false],
    ['linux/arm/6', 'linux/arm/v7', false, true],
    ['linux/armhf', 'linux/arm', true, true],
    ['windows/amd64', 'linux/amd64', false, false],
    ['/amd64', 'linux/amd64', true, true],
    ['macos/arm64', 'darwin/arm64', true, true],
    ['linux/s390x', 'linux/s390x', true, true],
    ['unknown/unknown', 'linux/amd64', false, false],
    ['', 'linux/amd64', false, false],
  ]
  for (const [image, node, strict, fallback] of table) {
    t.equal(matchStrict(entry(image), node), strict, `${image} on ${node}`)
    t.equal(
      matchFallback(entry(image), node),
      fallback,
      `${image} on ${node}, older containerd`,
    )
  }
  const featured = entry('linux/amd64', { osFeatures: ['erofs'] })
  t.same(
    [matchStrict(featured, 'linux/amd64'), matchFallback(featured, 'linux/amd64')],
    [false, true],
  )
  t.end()
})
