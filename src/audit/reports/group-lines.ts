import { printable } from '../../text/printable.ts'
import type { AuditGroup, AuditGroups } from '../audit-result.ts'
import type { ReportOptions } from './report.ts'

const TITLES = [
  ['causes', 'cause'],
  ['registries', 'registry'],
  ['namespaces', 'namespace'],
  ['nodes', 'node'],
] as const

/** Groups shown of each kind; the JSON report has them all. */
const MAX_SHOWN = 10

/** How widespread trouble is, as lines of a table; none where nothing is wrong. */
export function groupLines(
  groups: AuditGroups,
  { paint }: Pick<ReportOptions, 'paint'>,
): string[] {
  return TITLES.flatMap(([field, title]) => sectionLines(groups[field], title, paint))
}

function sectionLines(
  all: readonly AuditGroup[],
  title: string,
  paint: ReportOptions['paint'],
): string[] {
  if (all.length === 0) return []
  const shown = all.slice(0, MAX_SHOWN)
  const width = Math.max(title.length + 3, ...shown.map(({ key }) => nameOf(key).length))
  const heading = paint('bold', `${`By ${title}`.padEnd(width)}  ${HEADINGS}`)
  const lines = ['', heading, ...shown.map((group) => groupLine(group, width))]
  const rest = all.length - shown.length
  if (rest > 0) lines.push(paint('dim', `and ${rest} more`))
  return lines
}

const HEADINGS = 'objects   deny   warn   pods   lost on reschedule'

function groupLine(group: AuditGroup, width: number): string {
  const { key, objects, deny, warn, pods, blastRadius } = group
  const numbers = [
    String(objects).padStart(7),
    String(deny).padStart(6),
    String(warn).padStart(6),
    String(pods).padStart(6),
  ]
  return `${nameOf(key).padEnd(width)}  ${numbers.join(' ')}   ${radius(blastRadius)}`
}

function radius({ certain, possible }: AuditGroup['blastRadius']): string {
  if (certain === 0 && possible === 0) return '-'
  return possible === 0 ? String(certain) : `${certain}, perhaps ${possible} more`
}

function nameOf(key: string): string {
  return key === '' ? '(none)' : printable(key, 80)
}
