import { displayWidth, padColumns } from '../../text/display-width.ts'
import type { AuditGroups } from '../audit-result.ts'
import { groupSections } from './group-sections.ts'
import type { GroupRow, GroupSection } from './group-sections.ts'
import type { ReportOptions } from './report.ts'

const MAX_SHOWN = 10

/** How widespread trouble is, as lines of a table; none where nothing is wrong. */
export function groupLines(
  groups: AuditGroups,
  { paint }: Pick<ReportOptions, 'paint'>,
): string[] {
  return groupSections(groups, MAX_SHOWN).flatMap((section) =>
    sectionLines(section, paint),
  )
}

function sectionLines(
  { title, rows, more }: GroupSection,
  paint: ReportOptions['paint'],
): string[] {
  const width = Math.max(title.length + 3, ...rows.map(({ name }) => displayWidth(name)))
  const heading = paint('bold', `${`By ${title}`.padEnd(width)}  ${HEADINGS}`)
  const lines = ['', heading, ...rows.map((row) => rowLine(row, width))]
  if (more > 0) lines.push(paint('dim', `and ${more} more`))
  return lines
}

const HEADINGS = 'objects   deny   warn   pods   lost on reschedule'

function rowLine(row: GroupRow, width: number): string {
  const { name, objects, deny, warn, pods, lost } = row
  const numbers = [
    String(objects).padStart(7),
    String(deny).padStart(6),
    String(warn).padStart(6),
    String(pods).padStart(6),
  ]
  return `${padColumns(name, width)}  ${numbers.join(' ')}   ${lost}`
}
