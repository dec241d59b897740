import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Alias, Node, Pair, YAMLMap } from 'yaml'
import { printable } from '../text/printable.ts'
import { MAX_DEPTH } from './compose-documents.ts'

/** Something in the document cannot be plain data. */
export class UnreadableNode extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** A document as plain data, and which node each alias stands for. */
export interface PlainDocument {
  value: unknown
  targets: ReadonlyMap<Alias, Node>
  /** The first keys that are set again, where that is let pass. */
  repeated: readonly UnreadableNode[]
}

export interface ConversionOptions {
  maxValues: number
  /** `refused`, or the last value counts, as for kubectl. */
  repeatedKeys: 'refused' | 'last-counts'
}

/** Of one document; more lines would not say more. */
const MAX_REPEATED = 10

interface Anchored {
  node: Node
  value: unknown
  /** Values in it, aliases written out. */
  size: number
  /** Levels below it. */
  height: number
}

interface Conversion extends ConversionOptions {
  values: number
  deepest: number
  /** null while the anchored node itself is being converted. */
  anchors: Map<string, Anchored | null>
  targets: Map<Alias, Node>
  repeated: UnreadableNode[]
}

/**
 * Turns nodes into plain data in linear time. Unlike the library's toJS it refuses cycles, duplicate keys and aliases that write
 * out to more than `maxValues` values, applies merge keys, and drops `__proto__`, which would set a prototype where a reader
 * copies the object. Throws UnreadableNode.
 */
export function toPlainValue(
  contents: Node | null,
  options: ConversionOptions,
): PlainDocument {
  const conversion: Conversion = {
    ...options,
    values: 0,
    deepest: 0,
    anchors: new Map(),
    targets: new Map(),
    repeated: [],
  }
  const value = convert(conversion, contents, 0)
  return { value, targets: conversion.targets, repeated: conversion.repeated }
}

/** Whether a pair is a merge key: an unquoted `<<`. */
export function isMergePair(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.type === 'PLAIN' && pair.key.source === '<<'
}

/** The key of a pair as kubectl makes it: always a string. */
export function keyOf(pair: Pair): string {
  return isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : ''
}

function convert(conversion: Conversion, node: unknown, depth: number): unknown {
  spend(conversion, 1, node)
  conversion.deepest = Math.max(conversion.deepest, depth)
  if (isAlias(node)) return convertAlias(conversion, node, depth)
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined
  if (anchor === undefined) return convertContent(conversion, node, depth)

  const before = { values: conversion.values, deepest: conversion.deepest }
  conversion.anchors.set(anchor, null)
  conversion.deepest = depth
  const value = convertContent(conversion, node, depth)
  conversion.anchors.set(anchor, {
    node: node as Node,
    value,
    size: conversion.values - before.values + 1,
    height: conversion.deepest - depth,
  })
  conversion.deepest = Math.max(conversion.deepest, before.deepest)
  return value
}

function convertContent(conversion: Conversion, node: unknown, depth: number): unknown {
  if (isMap(node)) return convertMap(conversion, node, depth)
  if (isSeq(node)) return node.items.map((item) => convert(conversion, item, depth + 1))
  return isScalar(node) ? node.value : null
}

function convertAlias(conversion: Conversion, alias: Alias, depth: number): unknown {
  const anchored = conversion.anchors.get(alias.source)
  if (anchored === undefined) throw unreadable('an alias has no anchor before it', alias)
  if (anchored === null) throw unreadable('an alias stands inside its own anchor', alias)
  spend(conversion, anchored.size, alias)
  conversion.deepest = Math.max(conversion.deepest, depth + anchored.height)
  if (conversion.deepest > MAX_DEPTH) {
    throw unreadable(`aliases nest deeper than ${MAX_DEPTH} levels`, alias)
  }
  conversion.targets.set(alias, anchored.node)
  return anchored.value
}

function convertMap(conversion: Conversion, map: YAMLMap, depth: number): unknown {
  const object: Record<string, unknown> = {}
  const seen = new Set<string>()
  const merged: unknown[] = []
  for (const pair of map.items) {
    const value = convert(conversion, pair.value, depth + 1)
    if (isMergePair(pair)) {
      for (const source of mapsToMerge(conversion, value, pair)) merged.push(source)
      continue
    }
    const key = keyOf(pair)
    if (seen.has(key)) repeat(conversion, key, pair)
    seen.add(key)
    if (key !== '__proto__') object[key] = value
  }
  for (const source of merged) {
    for (const [key, value] of Object.entries(source ?? {})) {
      if (!Object.hasOwn(object, key)) object[key] = value
    }
  }
  return object
}

function repeat({ repeatedKeys, repeated }: Conversion, key: string, pair: Pair): void {
  const message = `the key "${printable(key, 80)}" is set twice`
  if (repeatedKeys === 'refused') throw unreadable(message, pair.key)
  if (repeated.length === MAX_REPEATED) return
  repeated.push(unreadable(`${message}, and the last value counts`, pair.key))
}

/** The maps that a merge key names, earlier ones first: they win. Their entries count as values, since they are copied. */
function mapsToMerge(conversion: Conversion, value: unknown, pair: Pair): unknown[] {
  const sources: unknown[] = Array.isArray(value) ? value : [value]
  for (const source of sources) {
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      throw unreadable('the merge key << needs a map or a list of maps', pair.key)
    }
    spend(conversion, 1 + Object.keys(source).length, pair.key)
  }
  return sources
}

function spend(conversion: Conversion, values: number, node: unknown): void {
  conversion.values += values
  if (conversion.values <= conversion.maxValues) return
  throw unreadable(`more than ${conversion.maxValues} values, aliases written out`, node)
}

function unreadable(message: string, node: unknown): UnreadableNode {
  const known = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)
  return new UnreadableNode(message, known ? (node.range?.[0] ?? 0) : 0)
}
