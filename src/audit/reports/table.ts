import { displayWidth } from '../../text/display-width.ts'
import { printable } from '../../text/printable.ts'
import type { JudgedFinding } from '../../policy/decision.ts'
import type { AuditOutcome, AuditedImage, AuditedObject } from '../audit-result.ts'
import { isKnown } from '../baseline.ts'
import { leftOutSentence, summarise } from '../summary.ts'
import { countOf } from './count-of.ts'
import { groupLines } from './group-lines.ts'
import type { ReportOptions } from './report.ts'
import { IN_BASELINE, imageNameOf, knownMark, placeOf, titleOf } from './rows.ts'
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
  yield `${countOf(images, 'image')}: ${allow} allow, ${warn} warn, ${deny} deny\n`
  const leftOut = leftOutSentence(summary)
  if (leftOut !== null)
    yield wrap(leftOut, '', options.columns)
      .map((line) => `${line}\n`)
      .join('')
}

function objectLines(audited: AuditedObject, options: TableOptions): string[] {
  const { paint } = options
  const lines = [paint('bold', titleOf(audited.object))]
  if (audited.exempted !== null)
    lines.push(
      ...wrap(`not judged: ${printable(audited.exempted)}`, '  ', options.columns).map(
        (line) => paint('dim', line),
      ),
    )
  for (const image of audited.images) lines.push(...imageLines(image, options))
  return lines
}

function imageLines(image: AuditedImage, options: TableOptions): string[] {
  const { decision, position } = image
  const { prediction, action, findings } = decision
  const container = prediction.use.container ?? prediction.use.path
  const verdict = options.paint(STYLE[action], action.padEnd(5))
  const label = container === '' ? '' : `${printable(container)}: `
  const name = `${label}${imageNameOf(prediction.use.image)}`
  const notes = [
    ...(position ? [`(${placeOf(position)})`] : []),
    ...(isKnown(image) ? [IN_BASELINE] : []),
  ].join(' ')
  const fits =
    options.columns === null ||
    displayWidth(`${INDENT}${name} ${notes}`) <= options.columns
  const first = `  ${verdict}  ${name}`
  return [
    ...(notes === '' ? [first] : noted(first, options.paint('dim', notes), fits)),
    ...findings.flatMap((judged) =>
      findingLines(judged, knownMark(image, judged), options),
    ),
  ]
}

/** What does not fit beside the image stands below it: a name is not broken, for who copies it. */
function noted(line: string, notes: string, fits: boolean): string[] {
  return fits ? [`${line} ${notes}`] : [line, `${INDENT}${notes}`]
}

/** Programs that advice tells to run. */
const COMMAND = /\b(?:kubectl|docker|helm|skopeo|crane|curl) /

/** A command in advice is never broken: it is there to be pasted. */
function findingLines(
  { finding }: JudgedFinding,
  mark: string,
  options: TableOptions,
): string[] {
  const { cause, message, doubts, advice } = finding
  const { paint, columns } = options
  return [
    ...wrap(`[${cause}] ${mark}${message}`, INDENT, columns),
    ...doubts.flatMap((doubt) =>
      wrap(doubt, INDENT, columns).map((line) => paint('dim', line)),
    ),
    ...(advice === null
      ? []
      : wrap(advice, INDENT, COMMAND.test(advice) ? null : columns)),
  ]
}
