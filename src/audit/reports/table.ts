import { printable } from '../../text/printable.ts'
import type { JudgedFinding } from '../../policy/decision.ts'
import type { AuditOutcome, AuditedImage, AuditedObject } from '../audit-result.ts'
import { leftOutSentence, summarise } from '../summary.ts'
import { groupLines } from './group-lines.ts'
import type { ReportOptions } from './report.ts'
import { placeOf, titleOf } from './rows.ts'
import { wrap } from './wrap.ts'

type TableOptions = Pick<ReportOptions, 'paint' | 'columns'>

const STYLE = { deny: 'red', warn: 'yellow', allow: 'green' } as const
const INDENT = ' '.repeat(9)

/** The report for people: one line an image, then what is wrong and what to do, then the sum. */
export function* tableReport(
  outcome: AuditOutcome,
  options: TableOptions,
): Generator<string> {
  for (const audited of outcome.objects) {
    yield `${objectLines(audited, options).join('\n')}\n`
  }
  if (outcome.groups)
    yield groupLines(outcome.groups, options)
      .map((line) => `${line}\n`)
      .join('')
  const summary = summarise(outcome)
  const { images, allow, warn, deny } = summary
  if (outcome.objects.length > 0) yield '\n'
  yield `${images} images: ${allow} allow, ${warn} warn, ${deny} deny\n`
  const leftOut = leftOutSentence(summary)
  if (leftOut !== null) yield `${leftOut}\n`
}

function objectLines(audited: AuditedObject, options: TableOptions): string[] {
  const { paint } = options
  const lines = [paint('bold', titleOf(audited.object))]
  if (audited.exempted !== null)
    lines.push(paint('dim', `  not judged: ${printable(audited.exempted)}`))
  for (const image of audited.images) lines.push(...imageLines(image, options))
  return lines
}

function imageLines(
  { decision, known, position }: AuditedImage,
  options: TableOptions,
): string[] {
  const { prediction, action, findings } = decision
  const container = prediction.use.container ?? prediction.use.path
  const verdict = options.paint(STYLE[action], action.padEnd(5))
  const label = container === '' ? '' : `${printable(container)}: `
  const place = position ? options.paint('dim', ` (${placeOf(position)})`) : ''
  const note = known ? options.paint('dim', ' (in the baseline)') : ''
  return [
    `  ${verdict}  ${label}${printable(prediction.use.image)}${place}${note}`,
    ...findings.flatMap((judged) => findingLines(judged, options)),
  ]
}

/** Advice is never broken: a command in it is there to be pasted. */
function findingLines({ finding }: JudgedFinding, options: TableOptions): string[] {
  const { cause, message, doubts, advice } = finding
  const { paint, columns } = options
  return [
    ...wrap(`[${cause}] ${message}`, INDENT, columns),
    ...doubts.flatMap((doubt) =>
      wrap(doubt, INDENT, columns).map((line) => paint('dim', line)),
    ),
    ...(advice === null ? [] : [`${INDENT}${advice}`]),
  ]
}
