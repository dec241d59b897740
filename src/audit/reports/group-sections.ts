import { printable } from '../../text/printable.ts'
import type { AuditGroup, AuditGroups } from '../audit-result.ts'

/** Groups of one kind, in texts that reports show. */
export interface GroupSection {
  /** `cause`, as in "By cause". */
  title: string
  rows: GroupRow[]
  /** How many there are beside them. */
  more: number
}

export interface GroupRow {
  name: string
  objects: number
  deny: number
  warn: number
  pods: number
  /** The blast radius, such as `8, perhaps 4 more`. */
  lost: string
}

const TITLES = [
  ['causes', 'cause'],
  ['registries', 'registry'],
  ['namespaces', 'namespace'],
  ['nodes', 'node'],
] as const

export const GROUP_COLUMNS = [
  'objects',
  'deny',
  'warn',
  'pods',
  'lost on reschedule',
] as const

/** How widespread trouble is, so many groups of each kind; the JSON report has them all. No sections where nothing is wrong. */
export function groupSections(
  groups: AuditGroups | undefined,
  maxShown: number,
): GroupSection[] {
  if (groups === undefined) return []
  return TITLES.map(([field, title]) => {
    const all = groups[field]
    const rows = all.slice(0, maxShown).map(rowOf)
    return { title, rows, more: all.length - rows.length }
  }).filter(({ rows }) => rows.length > 0)
}

function rowOf({ key, objects, deny, warn, pods, blastRadius }: AuditGroup): GroupRow {
  const name = key === '' ? '(none)' : printable(key, 80)
  return { name, objects, deny, warn, pods, lost: radius(blastRadius) }
}

function radius({ certain, possible }: AuditGroup['blastRadius']): string {
  if (certain === 0 && possible === 0) return '-'
  return possible === 0 ? String(certain) : `${certain}, perhaps ${possible} more`
}
