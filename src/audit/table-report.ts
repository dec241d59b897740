import { printable } from '../text/printable.ts'
import type { AuditOutcome, AuditedImage, AuditedObject } from './audit-result.ts'
import { summarise } from './summary.ts'

export interface TableOptions {
  /** Paints a text; identity where colours are not wanted. */
  paint: (style: 'red' | 'yellow' | 'green' | 'dim', text: string) => string
}

const STYLE = { deny: 'red', warn: 'yellow', allow: 'green' } as const

/** The report for people: one line an image, then what is wrong and what to do, then the sum. */
export function tableReport(outcome: AuditOutcome, { paint }: TableOptions): string {
  const lines: string[] = []
  for (const audited of outcome.objects) {
    lines.push(titleOf(audited))
    if (audited.exempted !== null)
      lines.push(paint('dim', `  not judged: ${audited.exempted}`))
    for (const image of audited.images) lines.push(...imageLines(image, paint))
  }
  const { images, allow, warn, deny } = summarise(outcome)
  if (lines.length > 0) lines.push('')
  lines.push(`${images} images: ${allow} allow, ${warn} warn, ${deny} deny`)
  return `${lines.join('\n')}\n`
}

function titleOf({ object, images }: AuditedObject): string {
  const name =
    object.namespace === '' ? object.name : `${object.namespace}/${object.name}`
  const position = images[0]?.position
  const where = position ? ` (${position.file}:${position.line})` : ''
  return printable(`${object.kind} ${name}${where}`)
}

function imageLines({ decision }: AuditedImage, paint: TableOptions['paint']): string[] {
  const { prediction, action, findings } = decision
  const container = prediction.use.container ?? prediction.use.path
  const verdict = paint(STYLE[action], action.padEnd(5))
  const lines = [
    `  ${verdict}  ${printable(container)}: ${printable(prediction.use.image)}`,
  ]
  for (const { finding } of findings) {
    lines.push(`         [${finding.cause}] ${finding.message}`)
    for (const doubt of finding.doubts) lines.push(paint('dim', `         ${doubt}`))
    if (finding.advice !== null) lines.push(`         ${finding.advice}`)
  }
  return lines
}
