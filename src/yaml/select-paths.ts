import { everyItem, formatPath, parsePattern } from './path.ts'
import type { PathSegment, PatternSegment } from './path.ts'

/** One place that a pattern leads to. */
export interface Selection {
  /** Without wildcards, such as `spec.components[2].image`. */
  path: string
  segments: PathSegment[]
  value: unknown
}

/** Bounds of a search in a value that anyone may have written. */
export interface SelectOptions {
  /** Selections after which the search ends; 1,000 by default. */
  maxMatches?: number
  /** Values looked at before the search ends; 100,000 by default. */
  maxVisits?: number
}

interface Search {
  pattern: readonly PatternSegment[]
  selections: Selection[]
  maxMatches: number
  visitsLeft: number
}

/**
 * Every place of a value that a pattern such as `spec.components[*].image` leads to, in document order. Only own properties
 * are followed. Nothing is selected by a pattern that does not parse, and nothing more when a bound is reached.
 */
export function selectPaths(
  value: unknown,
  pattern: string | readonly PatternSegment[],
  { maxMatches = 1000, maxVisits = 100_000 }: SelectOptions = {},
): Selection[] {
  const parsed = typeof pattern === 'string' ? parsePattern(pattern) : pattern
  if (parsed === null) return []
  const search = { pattern: parsed, selections: [], maxMatches, visitsLeft: maxVisits }
  visit(search, value, [])
  return search.selections
}

function visit(search: Search, value: unknown, at: PathSegment[]): void {
  search.visitsLeft -= 1
  if (search.visitsLeft < 0 || search.selections.length >= search.maxMatches) return
  const segment = search.pattern[at.length]
  if (segment === undefined) {
    search.selections.push({ path: formatPath(at), segments: at, value })
    return
  }
  if (Array.isArray(value)) visitList(search, value, segment, at)
  else if (isMap(value)) visitMap(search, value, segment, at)
}

function visitList(
  search: Search,
  list: readonly unknown[],
  segment: PatternSegment,
  at: PathSegment[],
): void {
  if (typeof segment === 'number') {
    if (segment < list.length) visit(search, list[segment], [...at, segment])
    return
  }
  if (segment !== everyItem) return
  for (let index = 0; index < list.length && search.visitsLeft > 0; index += 1) {
    visit(search, list[index], [...at, index])
  }
}

function visitMap(
  search: Search,
  map: Record<string, unknown>,
  segment: PatternSegment,
  at: PathSegment[],
): void {
  if (segment !== everyItem) {
    const key = String(segment)
    if (Object.hasOwn(map, key)) visit(search, map[key], [...at, key])
    return
  }
  for (const [key, value] of Object.entries(map)) {
    if (search.visitsLeft <= 0) return
    visit(search, value, [...at, key])
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
