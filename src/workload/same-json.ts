import { isFields } from '../json/fields.ts'

/**
 * Whether two JSON values say the same. A key with the value null is as good as absent, as in the API's own objects.
 * Works without recursion: an object may be nested as deep as its sender likes.
 */
export function sameJson(left: unknown, right: unknown): boolean {
  const pairs: [unknown, unknown][] = [[left, right]]
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const children = compareShallow(pair[0] ?? null, pair[1] ?? null)
    if (children === null) return false
    for (const child of children) pairs.push(child)
  }
  return true
}

/** null: they differ. Otherwise the pairs that still have to be compared. */
function compareShallow(left: unknown, right: unknown): [unknown, unknown][] | null {
  if (Object.is(left, right)) return []
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return null
    return left.map((entry, index): [unknown, unknown] => [entry, right[index]])
  }
  if (!isFields(left) || !isFields(right)) return null
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...keys].map((key) => [left[key], right[key]])
}
