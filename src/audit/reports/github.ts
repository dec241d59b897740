import type { JudgedFinding } from '../../policy/decision.ts'
import type { AuditOutcome, AuditedImage, Position } from '../audit-result.ts'
import { summarise } from '../summary.ts'
import { countOf } from './count-of.ts'
import { isInFile, rowsOf, sentencesOf } from './rows.ts'

/**
 * Workflow commands of GitHub Actions: an annotation for each finding, in the file and line of the image.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
 */
export function* githubReport(outcome: AuditOutcome): Generator<string> {
  for (const { image, title, container, imageName } of rowsOf(outcome)) {
    for (const judged of image.decision.findings) {
      const { finding } = judged
      const message = `${container === '' ? '' : `${container}: `}${imageName}: ${sentencesOf(finding)}`
      yield command(levelOf(judged, image), {
        position: image.position,
        title: `${title}: ${finding.cause}`,
        message,
      })
    }
  }
  for (const { message, position } of outcome.problems) {
    yield command('warning', { position, title: 'could not be read', message })
  }
  const { images, allow, warn, deny } = summarise(outcome)
  yield `${countOf(images, 'image')}: ${allow} allow, ${warn} warn, ${deny} deny\n`
}

type Level = 'error' | 'warning' | 'notice'

function levelOf(judged: JudgedFinding, { known }: AuditedImage): Level {
  if (known.includes(judged)) return 'notice'
  return judged.action === 'deny' ? 'error' : 'warning'
}

interface Annotation {
  position: Position | null
  title: string
  message: string
}

function command(level: Level, { position, title, message }: Annotation): string {
  const place: [string, string][] = isInFile(position)
    ? [
        ['file', position.file],
        ['line', String(position.line)],
        ['col', String(position.column)],
      ]
    : []
  const properties = [...place, ['title', title] as const]
    .map(([name, value]) => `${name}=${escapeProperty(value)}`)
    .join(',')
  return `::${level} ${properties}::${escapeData(message)}\n`
}

/** As `escapeData` of @actions/core. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
