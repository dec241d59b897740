import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from 'yaml'
import { printable } from '../text/printable.ts'
import type { ConfigNode, Position } from './config-node.ts'

export interface YamlProblem extends Position {
  message: string
}

export type ParsedYaml =
  /** `root` is null for an empty document. */
  | { status: 'ok'; root: ConfigNode | null }
  | { status: 'invalid'; problems: YamlProblem[] }

/** A ConfigMap, the usual home of this file, holds at most 1 MiB. */
const MAX_LENGTH = 1024 * 1024
const MAX_DEPTH = 32
/** Aliases may repeat whole subtrees; this bounds what they unfold to. */
const MAX_NODES = 100_000

class UnusableYaml extends Error {
  readonly position: Position

  constructor(position: Position, message: string) {
    super(message)
    this.name = 'UnusableYaml'
    this.position = position
  }
}

/** Reads one YAML 1.2 document into nodes with positions. Never throws; aliases are unfolded within bounds. */
export function parseYaml(text: string): ParsedYaml {
  const start = { line: 1, column: 1 }
  if (text.length > MAX_LENGTH) {
    return invalid(start, `is longer than ${MAX_LENGTH} characters`)
  }
  const lineCounter = new LineCounter()
  try {
    const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false })
    const problems = [...documents].flatMap(({ errors }) =>
      errors.map(({ pos, message }) => ({
        ...positionAt(lineCounter, pos[0]),
        message: printable(`not valid YAML: ${message}`),
      })),
    )
    if (problems.length > 0) return { status: 'invalid', problems }
    const [document, second] = [...documents]
    if (second) {
      const at = positionAt(lineCounter, second.range[0])
      return invalid(
        at,
        'the file has to hold one YAML document, and here a second begins',
      )
    }
    return { status: 'ok', root: document ? toRoot(document, lineCounter) : null }
  } catch (error) {
    if (error instanceof UnusableYaml) return invalid(error.position, error.message)
    // The parser descends without a limit of its own, so deep nesting ends here as a RangeError.
    const reason = error instanceof Error ? error.message : String(error)
    return invalid(start, printable(`not usable as YAML: ${reason}`))
  }
}

function invalid(position: Position, message: string): ParsedYaml {
  return { status: 'invalid', problems: [{ ...position, message }] }
}

function positionAt(lineCounter: LineCounter, offset: number): Position {
  const { line, col } = lineCounter.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

function toRoot(document: Document.Parsed, lineCounter: LineCounter): ConfigNode | null {
  let nodes = 0
  if (document.contents === null) return null
  return convert(document.contents, 0)

  function convert(node: Node, depth: number): ConfigNode {
    const position = positionAt(lineCounter, node.range?.[0] ?? 0)
    if (++nodes > MAX_NODES) throw new UnusableYaml(position, 'holds too many values')
    if (depth > MAX_DEPTH) throw new UnusableYaml(position, 'is nested too deeply')
    if (isAlias(node)) {
      const target = node.resolve(document)
      if (!target) throw new UnusableYaml(position, 'refers to an unknown anchor')
      return convert(target, depth + 1)
    }
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => ({
        ...readKey(key, position),
        value: convertValue(value, readKey(key, position).keyPosition, depth),
      }))
      return { kind: 'map', entries, position }
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => convertValue(item, position, depth))
      return { kind: 'list', items, position }
    }
    return scalar(isScalar(node) ? node.value : undefined, position, sourceOf(node))
  }

  function convertValue(value: unknown, parent: Position, depth: number): ConfigNode {
    if (isNode(value)) return convert(value, depth + 1)
    return scalar(null, parent, '')
  }

  function readKey(
    key: unknown,
    parent: Position,
  ): { key: string; keyPosition: Position } {
    if (!isNode(key)) return { key: '', keyPosition: parent }
    const keyPosition = positionAt(lineCounter, key.range?.[0] ?? 0)
    if (isScalar(key)) return { key: textOf(key.value), keyPosition }
    throw new UnusableYaml(keyPosition, 'the name of a field has to be plain text')
  }
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value)
}

function sourceOf(node: Node): string {
  if (!isScalar(node)) return ''
  return node.source ?? textOf(node.value)
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

function scalar(value: unknown, position: Position, source: string): ConfigNode {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return { kind: 'scalar', value, source, position }
    default:
      // null, and what no tag of the core schema gives.
      return { kind: 'scalar', value: null, source, position }
  }
}
