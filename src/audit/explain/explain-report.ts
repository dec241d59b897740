import { printable } from '../../text/printable.ts'
import type { ReportOptions, Style } from '../reports/report.ts'
import { titleOf } from '../reports/rows.ts'
import { wrap } from '../reports/wrap.ts'
import type { ExplainedImage, Explanation, ImageState, Step } from './explanation.ts'

/** The JSON of an explanation; its shape only ever grows. */
export function explanationJson(explanation: Explanation): string {
  return `${JSON.stringify(explanation, null, 2)}\n`
}

const MARKS: Readonly<Record<Step['outcome'], [string, Style]>> = {
  ok: ['ok', 'green'],
  problem: ['PROBLEM', 'red'],
  unknown: ['?', 'dim'],
}

const STATES: Readonly<Record<ImageState, [string, Style]>> = {
  failing: ['cannot be pulled', 'red'],
  transient: ['would be pulled now', 'yellow'],
  'at-risk': ['runs, would not come back', 'yellow'],
  start: ['does not start', 'red'],
  unknown: ['not known', 'yellow'],
  fine: ['fine', 'green'],
}

const TITLES: Readonly<Record<Step['name'], string>> = {
  reference: 'name',
  namespace: 'namespace',
  secret: 'secrets',
  registry: 'registry',
  tls: 'TLS',
  'rate-limit': 'rate limit',
  existence: 'existence',
  platform: 'platform',
  'other-pods': 'other Pods',
  kubelet: 'kubelet',
}

type TextOptions = Pick<ReportOptions, 'paint' | 'columns'>

/** For people: what is wrong, the steps with their evidence, and the fix. */
export function explanationText(explanation: Explanation, options: TextOptions): string {
  const { object, pod, images, notes } = explanation
  const { paint, columns } = options
  const lines = [paint('bold', titleOf(object))]
  if (pod !== null) {
    const node = pod.node === null ? 'not scheduled yet' : `on node ${pod.node}`
    const which = object.kind === 'Pod' ? '' : `Pod ${pod.name}, `
    lines.push(printable(`${which}${pod.phase || 'phase not known'}, ${node}`))
  }
  for (const image of images) lines.push('', ...imageLines(image, options))
  if (notes.length > 0) lines.push('')
  for (const note of notes) lines.push(...wrap(printable(note), '', columns))
  return `${lines.join('\n')}\n`
}

function imageLines(explained: ExplainedImage, options: TextOptions): string[] {
  const { container, image, state, conclusion, steps, fix } = explained
  const { paint, columns } = options
  const [words, style] = STATES[state]
  return [
    `${container}: ${image}  ${paint(style, words)}`,
    ...wrap(conclusion, '  ', columns),
    '',
    ...steps.flatMap((step) => stepLines(step, options)),
    // Never broken: a command in it is there to be pasted.
    ...(fix === null ? [] : ['', `  ${paint('bold', 'Fix:')} ${fix}`]),
  ]
}

function stepLines(
  { name, outcome, summary, evidence }: Step,
  { paint, columns }: TextOptions,
): string[] {
  const [mark, style] = MARKS[outcome]
  const [first = '', ...rest] = wrap(summary, INDENT, columns)
  const head = `  ${paint(style, mark.padEnd(8))} ${TITLES[name].padEnd(11)} `
  return [
    head + first.trimStart(),
    ...rest,
    ...evidence.flatMap((line) =>
      wrap(line, `${INDENT}- `, columns).map((text, index) =>
        paint('dim', index === 0 ? text : text.replace('- ', '  ')),
      ),
    ),
  ]
}

const INDENT = ' '.repeat(23)
