import { displayWidth, padColumns } from '../../text/display-width.ts'
import type { AuditGroups } from '../audit-result.ts'
import { groupSections } from './group-sections.ts'
import type { GroupRow, GroupSection } from './group-sections.ts'
import type { ReportOptions } from './report.ts'

type Options = Pick<ReportOptions, 'paint' | 'columns'>

const MAX_SHOWN = 10
/** What the numbers and the blanks before them take, with a blast radius of four digits. */
const NUMBERS_WIDTH = 55

/** How widespread trouble is, as lines of a table; none where nothing is wrong. A name that leaves no room for its numbers stands above them. */
export function groupLines(groups: AuditGroups, options: Options): string[] {
  return groupSections(groups, MAX_SHOWN).flatMap((section) =>
    sectionLines(section, options),
  )
}

function sectionLines({ title, rows, more }: GroupSection, options: Options): string[] {
  const { paint, columns } = options
  const room = columns === null ? Infinity : columns - NUMBERS_WIDTH
  const fitting = rows
    .map(({ name }) => displayWidth(name))
    .filter((each) => each <= room)
  const width = Math.max(title.length + 3, ...fitting)
  const heading = paint('bold', `${padColumns(`By ${title}`, width)}  ${HEADINGS}`)
  const lines = ['', heading, ...rows.flatMap((row) => rowLines(row, width))]
  if (more > 0) lines.push(paint('dim', `and ${more} more`))
  return lines
}

const HEADINGS = 'objects   deny   warn   pods   lost on reschedule'

function rowLines(row: GroupRow, width: number): string[] {
  const { name, objects, deny, warn, pods, lost } = row
  const numbers = [
    String(objects).padStart(7),
    String(deny).padStart(6),
    String(warn).padStart(6),
    String(pods).padStart(6),
  ]
  const rest = `  ${numbers.join(' ')}   ${lost}`
  return displayWidth(name) > width
    ? [name, `${' '.repeat(width)}${rest}`]
    : [`${padColumns(name, width)}${rest}`]
}
