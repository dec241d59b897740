import { createHash } from 'node:crypto'
import { printable } from '../../text/printable.ts'
import type { AuditOutcome, AuditProblem } from '../audit-result.ts'
import { isKnown } from '../baseline.ts'
import { leftOutSentence, summarise } from '../summary.ts'
import { barChart } from './html-chart.ts'
import type { Bar } from './html-chart.ts'
import { htmlGroups } from './html-groups.ts'
import { htmlScript } from './html-script.ts'
import { htmlStyle } from './html-style.ts'
import type { ReportOptions } from './report.ts'
import { countOf } from './count-of.ts'
import { knownMark, placeOf, rowsOf, sentencesOf } from './rows.ts'
import type { Row } from './rows.ts'
import { element, escapeMarkup } from './xml.ts'

type Options = Pick<ReportOptions, 'version' | 'madeAtMs'>

const RANK = { deny: 0, warn: 1, allow: 2 } as const
const COLUMNS = ['Verdict', 'Object', 'Image', 'Registry', 'Cause', 'Finding', 'Place']

/** One file that needs nothing else: no network, no framework; its policy lets nothing run but its own style and script. */
export function* htmlReport(outcome: AuditOutcome, options: Options): Generator<string> {
  const rows = [...rowsOf(outcome)].toSorted(
    (a, b) => RANK[a.image.decision.action] - RANK[b.image.decision.action],
  )
  const policy = `default-src 'none'; style-src '${hashOf(htmlStyle)}'; script-src '${hashOf(htmlScript)}'; base-uri 'none'; form-action 'none'`
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image pull report</title>
<style>${htmlStyle}</style>
</head>
<body>
${headerOf(outcome, options)}
${problemsOf(outcome.problems)}
<div class="charts">
<section><h2>By cause</h2>${barChart(byCause(rows))}</section>
<section><h2>By registry</h2>${barChart(byRegistry(rows))}</section>
</div>
${htmlGroups(outcome.groups)}
${tableHead()}
`
  for (const row of rows) yield `${rowOf(row)}\n`
  yield `</tbody></table>
<p id="none"${rows.length > 0 ? ' hidden' : ''}>${rows.length > 0 ? 'No image fits this filter.' : 'There was no image to judge.'}</p>
<footer>pullgate ${escapeMarkup(options.version)}</footer>
<script>${htmlScript}</script>
</body>
</html>
`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function headerOf(outcome: AuditOutcome, { madeAtMs }: Options): string {
  const summary = summarise(outcome)
  const { images, allow, warn, deny } = summary
  const leftOut = leftOutSentence(summary)
  const made = new Date(madeAtMs).toISOString().replace('T', ' ').slice(0, 16)
  const sums = [
    ['images', images, ''],
    ['deny', deny, 'deny'],
    ['warn', warn, 'warn'],
    ['allow', allow, 'allow'],
  ] as const
  const items = sums.map(([label, count, style]) =>
    element('li', { class: style }, `<b>${count}</b>${label}`),
  )
  return `<header><h1>Image pull report</h1>
<p>${countOf(outcome.objects.length, 'object')} judged, ${made} UTC</p>${leftOut === null ? '' : `<p>${escapeMarkup(leftOut)}</p>`}</header>
<ul class="sums">${items.join('')}</ul>`
}

function problemsOf(problems: readonly AuditProblem[]): string {
  if (problems.length === 0) return ''
  const items = problems.map(({ message, position }) => {
    const where = position ? `<code>${escapeMarkup(placeOf(position))}</code> ` : ''
    return `<li>${where}${escapeMarkup(printable(message))}</li>`
  })
  return `<section class="problems"><h2>Could not be read</h2><ul>${items.join('')}</ul></section>`
}

function byCause(rows: readonly Row[]): Bar[] {
  return tally(rows, ({ image }) => image.decision.leading?.finding.cause ?? null)
}

function byRegistry(rows: readonly Row[]): Bar[] {
  return tally(rows, ({ registry }) => registry)
}

function tally(rows: readonly Row[], labelOf: (row: Row) => string | null): Bar[] {
  const bars = new Map<string, Bar>()
  for (const row of rows) {
    const label = labelOf(row)
    if (label === null) continue
    const bar = bars.get(label) ?? { label, deny: 0, warn: 0, allow: 0 }
    bar[row.image.decision.action] += 1
    bars.set(label, bar)
  }
  return [...bars.values()]
}

function tableHead(): string {
  // The order of the rows as they are written.
  const headings = COLUMNS.map((name, index) => {
    const sorted = index === 0 ? ' aria-sort="ascending"' : ''
    return `<th scope="col"${sorted}><button type="button">${name}</button></th>`
  })
  return `<form hidden>
<input id="search" type="search" placeholder="Filter by any words" aria-label="Filter by any words">
<select id="action" aria-label="Verdict"><option value="">every verdict</option><option>deny</option><option>warn</option><option>allow</option></select>
<output id="shown"></output>
</form>
<table id="images"><thead><tr>${headings.join('')}</tr></thead>
<tbody>`
}

function rowOf(row: Row): string {
  const { image, title, container, imageName, registry } = row
  const { action, leading } = image.decision
  const place = image.position ? placeOf(image.position) : ''
  const known = isKnown(image) ? '<br><small>in the baseline</small>' : ''
  const label = container === '' ? '' : `<small>${escapeMarkup(container)}</small><br>`
  const cause = leading?.finding.cause ?? ''
  const cells = [
    cell(String(RANK[action]), `${action}${known}`, `verdict ${action}`),
    cell(title, escapeMarkup(title)),
    cell(imageName, `${label}<code>${imageText(imageName)}</code>`),
    cell(registry, escapeMarkup(registry)),
    cell(cause, cause),
    cell(leading?.finding.message ?? '', findingsOf(row)),
    cell(place, place === '' ? '' : placeText(place), 'place'),
  ]
  return element('tr', { 'data-action': action }, cells.join(''))
}

/** A line breaks between the parts of a name rather than within them. */
function imageText(name: string): string {
  return escapeMarkup(name).replaceAll(/[/@]/g, '$&<wbr>')
}

/** A line breaks before the numbers rather than within them. */
function placeText(place: string): string {
  const [, file = place, numbers = ''] = /^(.*?)(:\d+:\d+)$/.exec(place) ?? []
  return `${escapeMarkup(file)}<wbr><span>${numbers}</span>`
}

function cell(key: string, content: string, style = ''): string {
  const attributes = { 'data-key': key, ...(style === '' ? {} : { class: style }) }
  // An empty `td` must not close itself: HTML has no such thing.
  return element('td', attributes, content === '' ? ' ' : content)
}

function findingsOf({ image }: Row): string {
  return image.decision.findings
    .map((judged, index) => {
      const { finding } = judged
      const { cause, advice } = finding
      const also = index === 0 ? '' : `<b>${cause}</b> `
      const text = escapeMarkup(sentencesOf({ ...finding, advice: null }))
      const next = advice === null ? '' : `<p class="advice">${escapeMarkup(advice)}</p>`
      const mark = knownMark(image, judged)
      const known = mark === '' ? '' : `<small>${mark}</small>`
      return `<p>${also}${known}${text}</p>${next}`
    })
    .join('')
}
