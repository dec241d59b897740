import t from 'tap'
import { reportFormats } from '../../src/audit/reports/formats.ts'
import type { ReportFormat } from '../../src/audit/reports/formats.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { codeBlocks, readDocument, root } from './markdown.ts'

// Each sample of docs/reports.md is what the command that it names prints; `...` ends a line or a sample that was cut.

const { text } = readDocument('docs/reports.md')
const [, command = ''] = /`pullgate (check [^`]*) -o FORMAT`/.exec(text) ?? []

/** Formats whose sample is elsewhere, or a picture. */
const elsewhere: Partial<Record<ReportFormat, string>> = {
  json: 'docs/command-line.md',
  html: 'the screenshot',
  openreports: 'as policyreport but for its names',
}
const headings: Partial<Record<ReportFormat, string>> = { yaml: 'json and yaml' }

/** The first block after the heading; one of them holds a heading itself. */
function sampleOf(format: ReportFormat): string[] {
  const heading = text.split('\n').indexOf(`## ${headings[format] ?? format}`)
  const block = codeBlocks(text).find(({ line }) => line > heading)
  return (block?.code ?? '').trimEnd().split('\n')
}

async function linesOf(format: ReportFormat): Promise<string[]> {
  const { stdout } = await runInProcess([...command.split(' '), '-o', format], {
    cwd: root,
  })
  return stdout.trimEnd().split('\n')
}

/** The lines of the report as far as the sample shows them, cut where it cuts. */
function cutAlike(lines: readonly string[], sample: readonly string[]): string[] {
  const cut = sample.at(-1) === '...'
  const shown = cut ? lines.slice(0, sample.length - 1) : [...lines]
  const alike = shown.map((line, index) => {
    const shape = sample[index] ?? ''
    return shape.endsWith('...') ? `${line.slice(0, shape.length - 3)}...` : line
  })
  return cut ? [...alike, '...'] : alike
}

for (const format of reportFormats.filter(
  (each) => each !== 'sarif' && elsewhere[each] === undefined,
)) {
  t.test(`the sample of ${format} is what check prints`, async (t) => {
    const sample = sampleOf(format)

    const lines = await linesOf(format)

    t.ok(sample.length > 3, 'there is one')
    t.strictSame(sample, cutAlike(lines, sample))
  })
}

interface Sarif {
  runs: {
    tool: { driver: { rules: { id: string }[] } }
    results: { ruleId: string }[]
  }[]
}

t.test('the sample of sarif is the first result with its rule', async (t) => {
  const log = JSON.parse((await linesOf('sarif')).join('\n')) as Sarif
  for (const run of log.runs) {
    run.results.splice(1)
    const { driver } = run.tool
    driver.rules = driver.rules.filter(({ id }) => id === run.results[0]?.ruleId)
  }

  t.strictSame(JSON.parse(sampleOf('sarif').join('\n')), log)
})
