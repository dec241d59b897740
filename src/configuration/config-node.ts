import { printable } from '../text/printable.ts'
import type { Position } from '../yaml/documents.ts'

export interface ScalarNode {
  kind: 'scalar'
  value: string | number | boolean | null
  readonly position: Position
}

export interface ListNode {
  kind: 'list'
  items: ConfigNode[]
  readonly position: Position
}

export interface MapNode {
  kind: 'map'
  entries: { key: string; readonly keyPosition: Position; value: ConfigNode }[]
  readonly position: Position
}

/** A YAML document as the schema reads it, with every position. */
export type ConfigNode = ScalarNode | ListNode | MapNode

/** What stands there, for messages. What may be a password, as in `https://user:password@host`, is left out. */
export function describeNode(node: ConfigNode): string {
  if (node.kind === 'list') return 'a list'
  if (node.kind === 'map') return 'a map'
  if (node.value === null) return 'nothing'
  return `"${printable(String(node.value).replace(/[^\s/]*@/g, '***@'), 80)}"`
}
