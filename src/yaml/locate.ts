import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Alias, Node } from 'yaml'
import type { PathSegment } from './path.ts'
import { isMergePair, keyOf } from './to-plain-value.ts'

/** What a path was followed to: the key (or nothing, in lists) and the value, as offsets into the text. */
interface Place {
  key: number | null
  node: unknown
  /** The rest of the path lies in what a merge key brought. */
  merged: boolean
}

/** The offset at which a place of a document was written; null for a place that is not there. */
export function locate(
  contents: Node | null,
  targets: ReadonlyMap<Alias, Node>,
  path: readonly PathSegment[],
  part: 'key' | 'value',
): number | null {
  let place: Place | null = { key: null, node: contents, merged: false }
  for (const segment of path) {
    place = step(place, targets, segment)
    if (place === null || place.merged) break
  }
  if (place === null) return null
  const value = startOf(place.node)
  if (part === 'key' || !isScalar(place.node)) return place.key ?? value
  return value ?? place.key
}

function step(
  place: Place,
  targets: ReadonlyMap<Alias, Node>,
  segment: PathSegment,
): Place | null {
  const node = isAlias(place.node) ? targets.get(place.node) : place.node
  if (isSeq(node)) {
    if (typeof segment !== 'number' || segment >= node.items.length) return null
    return { key: null, node: node.items[segment], merged: false }
  }
  if (!isMap(node)) return null
  const name = String(segment)
  const pair =
    node.items.findLast((item) => keyOf(item) === name && !isMergePair(item)) ??
    node.items.find(isMergePair)
  if (pair === undefined) return null
  return { key: startOf(pair.key), node: pair.value, merged: isMergePair(pair) }
}

function startOf(node: unknown): number | null {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return null
  return node.range?.[0] ?? null
}
