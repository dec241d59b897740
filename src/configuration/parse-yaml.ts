import type { Position, YamlDocument } from '../yaml/documents.ts'
import type { PathSegment } from '../yaml/path.ts'
import { readDocuments } from '../yaml/read-documents.ts'
import type { ConfigNode } from './config-node.ts'

export interface YamlProblem extends Position {
  message: string
}

export type ParsedYaml =
  /** `root` is null for an empty document. */
  | { status: 'ok'; root: ConfigNode | null }
  | { status: 'invalid'; problems: YamlProblem[] }

/** Thousands of registries fit in these; more would only make a mistake slow. */
const BOUNDS = { maxBytes: 256 * 1024, maxValues: 20_000, maxDocuments: 2 }

/** Reads one YAML 1.2 document into nodes with positions. Never throws; aliases are written out within bounds. */
export function parseYaml(text: string): ParsedYaml {
  const { documents, errors } = readDocuments(text, BOUNDS)
  const [document, second] = documents
  if (second) {
    const message = 'the file has to hold one YAML document, and here a second begins'
    const { line, column } = second
    return { status: 'invalid', problems: [{ line, column, message }] }
  }
  if (errors.length > 0) {
    const problems = errors.map(({ line, column, message }) => ({
      line,
      column,
      message: `not valid YAML: ${message}`,
    }))
    return { status: 'invalid', problems }
  }
  return { status: 'ok', root: document ? toNode(document, document.value, []) : null }
}

/** Positions are looked up when a problem needs one: in a wide map that costs its width each. */
function toNode(
  document: YamlDocument,
  value: unknown,
  path: readonly PathSegment[],
): ConfigNode {
  const place = {
    get position() {
      return positionAt(document, path, 'value')
    },
  }
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, index) =>
      toNode(document, item, [...path, index]),
    )
    return Object.assign(place, { kind: 'list' as const, items })
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, child]) => ({
      key,
      get keyPosition() {
        return positionAt(document, [...path, key], 'key')
      },
      value: toNode(document, child, [...path, key]),
    }))
    return Object.assign(place, { kind: 'map' as const, entries })
  }
  return Object.assign(place, { kind: 'scalar' as const, value: scalarOf(value) })
}

function positionAt(
  document: YamlDocument,
  path: readonly PathSegment[],
  part: 'key' | 'value',
): Position {
  return (
    document.positionOf(path, part) ?? { line: document.line, column: document.column }
  )
}

function scalarOf(value: unknown): string | number | boolean | null {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value
    default:
      return null
  }
}
