/** Numbers from 0 to below 1, the same for the same seed (mulberry32, public domain). */
export type Random = () => number

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A whole number from 0 to below `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * end)
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[below(random, items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

const FRAGMENTS = [
  '',
  '"',
  "'",
  '\\',
  ',',
  '=',
  ':',
  '/',
  '@',
  '[',
  ']',
  '{',
  '}',
  '*',
  '.',
  '..',
  '%00',
  '%',
  '\u0000',
  '\u001b[31m',
  '\r\n',
  '\u202e',
  '\ud800',
  '\ufeff',
  'é',
  '💥',
  '__proto__',
  'constructor',
  'sha256:',
  '127.0.0.1',
  '[::1]',
  ':99999',
  '1e999',
  '-1',
  'null',
  '<<',
  '&a',
  '"""',
  '#',
  'Bearer ',
  'Basic ',
  'a'.repeat(5_000),
  '['.repeat(200),
  '{"a":'.repeat(200),
]

/** A text with a few changes: pieces cut, doubled, moved, taken from another text, or replaced by what breaks parsers. */
export function mutateText(
  random: Random,
  text: string,
  others: readonly string[],
): string {
  let mutated = text
  for (let changes = 1 + below(random, 4); changes > 0; changes--) {
    const start = below(random, mutated.length + 1)
    const end = Math.min(mutated.length, start + below(random, 24))
    const [before, piece, after] = [
      mutated.slice(0, start),
      mutated.slice(start, end),
      mutated.slice(end),
    ]
    const other = pick(random, others)
    mutated = pick(random, [
      () => before + after,
      () => before + piece + piece + after,
      () => before + pick(random, FRAGMENTS) + after,
      () => before + pick(random, FRAGMENTS) + piece + after,
      () => before + String.fromCharCode(below(random, 0x1_0000)) + after,
      () => before + other.slice(below(random, other.length + 1)),
    ])()
  }
  return mutated.slice(0, 200_000)
}

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  ' ',
  '\u0000',
  '\u001b[2J',
  '\ud800',
  [],
  {},
  [[]],
  [null],
  [{}],
  { '': null },
  'a'.repeat(10_000),
  '../../etc/passwd',
  '__proto__',
  JSON.parse('{"__proto__":{"polluted":true}}'),
  { constructor: { prototype: { polluted: true } } },
  JSON.parse('{"toString":1,"valueOf":null,"then":1}'),
  Array.from({ length: 200 }, () => ({ name: 'c', image: 'a' })),
]

/** A JSON value with a few changes in its structure: values replaced, removed, doubled, or moved to another place. */
export function mutateJson(random: Random, value: unknown): unknown {
  const root = [structuredClone(value)]
  for (let changes = 1 + below(random, 4); changes > 0; changes--)
    changeOne(random, placesOf(root))
  return root[0]
}

interface Place {
  parent: Record<string, unknown>
  key: string
}

function placesOf(root: unknown): Place[] {
  const places: Place[] = []
  const queue: unknown[] = [root]
  while (queue.length > 0) {
    const next = queue.pop()
    if (typeof next !== 'object' || next === null || places.length > 5_000) continue
    // Arrays, too: their indices are keys.
    const parent = next as Record<string, unknown>
    for (const key of Object.keys(parent)) {
      places.push({ parent, key })
      queue.push(parent[key])
    }
  }
  return places
}

function changeOne(random: Random, places: readonly Place[]): void {
  if (places.length === 0) return
  const { parent, key } = pick(random, places)
  const elsewhere = pick(random, places)
  const set = (name: string, value: unknown): void =>
    void Object.defineProperty(parent, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  pick(random, [
    () => set(key, structuredClone(pick(random, VALUES))),
    () => set(key, structuredClone(elsewhere.parent[elsewhere.key])),
    () =>
      set(
        Array.isArray(parent)
          ? key
          : pick(random, ['__proto__', 'constructor', '', key.toUpperCase()]),
        parent[key],
      ),
    () =>
      set(
        key,
        typeof parent[key] === 'string'
          ? mutateText(random, parent[key], [key])
          : [parent[key]],
      ),
    () => {
      if (Array.isArray(parent)) parent.splice(Number(key), 1)
      else delete parent[key]
    },
  ])()
}
