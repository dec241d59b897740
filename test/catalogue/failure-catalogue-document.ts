import { catalogueParts } from '../../src/prediction/catalogue/failure-catalogue.ts'
import type { CatalogueRow } from '../../src/prediction/catalogue/catalogue-row.ts'

const HEADINGS = ['Row', 'What goes wrong', 'Can it be told?', 'Cause', 'Action', 'Note']

const INTRODUCTION = `# The failure catalogue

Every way in which a pull is known to fail, or to look as if it would, with what Pullgate makes of it. Numbers are stable. "Can it be told?" is about the moment of admission, from inside the cluster, for imagePullPolicy Always, or IfNotPresent where no node holds the image. The action is the most that is done by default: \`deny\` for a finding that is certain, \`warn\` where certainty cannot be had, \`allow\` where there is nothing to find. What takes certainty away is on the page of each [cause](causes/README.md).

This page is written from src/prediction/catalogue by \`node test/catalogue/write-failure-catalogue.ts\`, and a test holds the two together.
`

/** docs/failure-catalogue.md, as Prettier would leave it. */
export function failureCatalogueDocument(): string {
  const parts = catalogueParts.map(({ title, rows }) => `## ${title}\n\n${table(rows)}`)
  const untold = catalogueParts
    .flatMap(({ rows }) => rows)
    .filter(({ predictable }) => predictable === 'no')
    .toSorted((a, b) => a.row - b.row)
    .map(({ row, title, note }) => `- ${row}, ${lowerFirst(title)}: ${note ?? ''}`)
  const last = `## What cannot be told, and why\n\n${untold.join('\n')}\n`
  return [INTRODUCTION, ...parts, last].join('\n')
}

function table(rows: readonly CatalogueRow[]): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)]
  const widths = HEADINGS.map((_, column) =>
    Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = cells
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(head), rule, ...body.map(line), ''].join('\n')
}

function cellsOf({ row, title, predictable, causes, action, note }: CatalogueRow) {
  const links = causes.map((code) => `[${code}](causes/${code}.md)`).join(', ')
  return [String(row), title, predictable, links, action, note ?? '']
}

/** For the middle of a sentence: names and codes keep their capitals. */
function lowerFirst(title: string): string {
  return /^(?:[A-Z]{2}|Docker)/.test(title)
    ? title
    : `${title.slice(0, 1).toLowerCase()}${title.slice(1)}`
}
