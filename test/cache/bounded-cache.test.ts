import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createBoundedCache, jsonBytes } from '../../src/cache/bounded-cache.ts'

const text = (maxEntries: number, maxBytes: number) =>
  createBoundedCache<string>({ maxEntries, maxBytes, sizeOf: (value) => value.length })

t.test('what was used least goes first, in entries and in bytes', (t) => {
  const few = text(2, 1_000_000)
  few.set('a', '1')
  few.set('b', '2')
  t.equal(few.get('a'), '1')
  few.set('c', '3')
  t.same([few.has('a'), few.has('b'), few.has('c')], [true, false, true])

  const small = text(1_000, 2_000)
  for (let each = 0; each < 100; each++) small.set(`key-${each}`, 'x'.repeat(500))
  t.ok(small.size().bytes <= 2_000)
  t.same([small.has('key-99'), small.has('key-0')], [true, false])
  t.end()
})

t.test('keys count: names are for whoever makes them up', (t) => {
  const cache = text(1_000, 10_000)
  for (let each = 0; each < 100; each++) cache.set(`${each}${'k'.repeat(1_000)}`, '')
  t.ok(cache.size().entries < 10)
  t.end()
})

t.test(
  'a value that is larger than all is not kept, nor an older one in its place',
  (t) => {
    const cache = text(10, 1_000)
    cache.set('a', 'small')
    cache.set('a', 'x'.repeat(2_000))
    t.equal(cache.get('a'), undefined)
    t.equal(cache.size().bytes, 0)
    t.end()
  },
)

t.test('an entry ends by its own time; no time at all is none', (t) => {
  let nowMs = 0
  const cache = createBoundedCache<string>({
    maxEntries: 10,
    maxBytes: 10_000,
    sizeOf: () => 1,
    now: () => nowMs,
  })
  cache.set('brief', 'x', 100)
  cache.set('stays', 'x')
  nowMs = 100
  t.equal(cache.get('brief'), 'x')
  nowMs = 101
  t.equal(cache.get('brief'), undefined, 'also when it began with the clock')
  t.equal(cache.get('stays'), 'x')
  cache.set('stays', 'y', 0)
  t.equal(cache.get('stays'), undefined)
  t.end()
})

t.test('what is kept can be listed, and is none the more recent for it', (t) => {
  const cache = text(2, 10_000)
  cache.set('a', '1')
  cache.set('b', '2')
  t.same(
    [...cache.entries()],
    [
      ['b', '2'],
      ['a', '1'],
    ],
  )
  cache.set('c', '3')
  t.notOk(cache.has('a'))
  t.end()
})

t.test('plain values are about as large as their JSON', (t) => {
  t.equal(jsonBytes({ tags: ['1.0'] }), 16)
  t.equal(jsonBytes(undefined), 0)
  t.end()
})

t.test('nothing is remembered in another way', (t) => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .filter((path) => readFileSync(join('src', path), 'utf8').includes('new LRUCache'))
  // Connections are no bytes: sixty-four pools, each with a bounded number of them.
  t.same(sources.toSorted(), ['cache/bounded-cache.ts', 'registry/dispatcher-pool.ts'])
  t.end()
})
