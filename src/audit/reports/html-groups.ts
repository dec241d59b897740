import type { AuditGroups } from '../audit-result.ts'
import { GROUP_COLUMNS, groupSections } from './group-sections.ts'
import type { GroupRow, GroupSection } from './group-sections.ts'
import { escapeMarkup } from './xml.ts'

const MAX_SHOWN = 25

/** How widespread trouble is, a table for each kind of group; nothing where nothing is wrong. */
export function htmlGroups(groups: AuditGroups | undefined): string {
  const sections = groupSections(groups, MAX_SHOWN)
  if (sections.length === 0) return ''
  return `<div class="groups">
${sections.map(sectionOf).join('\n')}
</div>`
}

function sectionOf({ title, rows, more }: GroupSection): string {
  const headings = [title, ...GROUP_COLUMNS].map((name) => `<th scope="col">${name}</th>`)
  const rest = more > 0 ? `<p>and ${more} more</p>` : ''
  return `<section><h2>How widespread, by ${title}</h2><div class="scroll"><table>
<thead><tr>${headings.join('')}</tr></thead>
<tbody>${rows.map(rowOf).join('')}</tbody></table></div>${rest}</section>`
}

function rowOf({ name, objects, deny, warn, pods, lost }: GroupRow): string {
  const numbers = [objects, deny, warn, pods, lost].map((value) => `<td>${value}</td>`)
  return `<tr><th scope="row">${escapeMarkup(name)}</th>${numbers.join('')}</tr>`
}
