import type { AuditOutcome } from '../audit-result.ts'
import { isKnown } from '../baseline.ts'
import { GROUP_COLUMNS, groupSections } from './group-sections.ts'
import type { GroupSection } from './group-sections.ts'
import { leftOutSentence, summarise } from '../summary.ts'
import { code, escapeText } from './markdown-text.ts'
import { IN_BASELINE, knownMark, placeOf, rowsOf, sentencesOf } from './rows.ts'
import type { Row } from './rows.ts'
import { printable } from '../../text/printable.ts'

/** A job summary of GitHub holds one MiB at most; a row takes up to 2 KiB. */
const MAX_ROWS = 400
const MAX_GROUPS = 10

const MARK = { deny: '❌ deny', warn: '⚠️ warn', allow: '✅ allow' } as const

/** A summary for pull requests and job pages: the sums, then a table of everything that is not allowed. */
export function* markdownReport(outcome: AuditOutcome): Generator<string> {
  const summary = summarise(outcome)
  const { images, allow, warn, deny } = summary
  const leftOut = leftOutSentence(summary)
  const wrong = [...rowsOf(outcome)].filter(
    ({ image }) => image.decision.action !== 'allow',
  )
  const lines = [
    '## Image pull check',
    '',
    `**${images}** image${images === 1 ? '' : 's'}: **${allow}** allow, **${warn}** warn, **${deny}** deny`,
    ...(leftOut === null ? [] : ['', leftOut]),
  ]
  for (const section of groupSections(outcome.groups, MAX_GROUPS))
    lines.push(...groupTable(section))
  if (wrong.length > 0) {
    lines.push('', '| | Object | Image | Finding |', '| --- | --- | --- | --- |')
    for (const row of wrong.slice(0, MAX_ROWS)) lines.push(tableRow(row))
  }
  if (wrong.length > MAX_ROWS) lines.push('', `and ${wrong.length - MAX_ROWS} more`)
  if (outcome.problems.length > 0) {
    lines.push('', '### Could not be read', '')
    for (const { message, position } of outcome.problems.slice(0, MAX_ROWS)) {
      const where = position ? `${code(placeOf(position))}: ` : ''
      lines.push(`- ${where}${escapeText(printable(message))}`)
    }
  }
  yield `${lines.join('\n')}\n`
}

function groupTable({ title, rows, more }: GroupSection): string[] {
  const headings = [`By ${title}`, ...GROUP_COLUMNS]
  const cells = rows.map(({ name, objects, deny, warn, pods, lost }) =>
    [escapeText(name), objects, deny, warn, pods, lost].join(' | '),
  )
  return [
    '',
    `| ${headings.join(' | ')} |`,
    `| ---${' | ---:'.repeat(GROUP_COLUMNS.length)} |`,
    ...cells.map((row) => `| ${row} |`),
    ...(more > 0 ? ['', `and ${more} more`] : []),
  ]
}

function tableRow({ image, title, container, imageName }: Row): string {
  const { action, findings } = image.decision
  const where = image.position ? `<br>${code(placeOf(image.position))}` : ''
  const known = isKnown(image) ? ` ${IN_BASELINE}` : ''
  const object = `${escapeText(title)}${where}`
  const name = `${container === '' ? '' : `${escapeText(container)}: `}${code(imageName)}`
  const texts = findings.map(
    (judged) =>
      `**${judged.finding.cause}** ${knownMark(image, judged)}${escapeText(sentencesOf(judged.finding))}`,
  )
  return `| ${MARK[action]}${known} | ${object} | ${name} | ${texts.join('<br>')} |`
}
