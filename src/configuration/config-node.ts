import { printable } from '../text/printable.ts'

/** Where a value or a key begins; both from 1. */
export interface Position {
  line: number
  column: number
}

export interface ScalarNode {
  kind: 'scalar'
  value: string | number | boolean | null
  /** The scalar as written, without quotes, where the source has it: `8.0` for the number 8. */
  source: string
  position: Position
}

export interface ListNode {
  kind: 'list'
  items: ConfigNode[]
  position: Position
}

export interface MapNode {
  kind: 'map'
  entries: { key: string; keyPosition: Position; value: ConfigNode }[]
  position: Position
}

/** A YAML document as the schema reads it, with every position. */
export type ConfigNode = ScalarNode | ListNode | MapNode

/** What stands there, for messages. What may be a password, as in `https://user:password@host`, is left out. */
export function describeNode(node: ConfigNode): string {
  if (node.kind === 'list') return 'a list'
  if (node.kind === 'map') return 'a map'
  if (node.value === null) return 'nothing'
  return `"${printable(node.source.replace(/[^\s/]*@/g, '***@'), 80)}"`
}
