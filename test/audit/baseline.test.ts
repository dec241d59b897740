import t from 'tap'
import type { AuditedImage } from '../../src/audit/audit-result.ts'
import { readBaseline, withBaseline } from '../../src/audit/baseline.ts'
import { exitCodeOf, failOnValues } from '../../src/audit/fail-on.ts'
import type { FailOn } from '../../src/audit/fail-on.ts'
import { reports } from '../../src/audit/reports/formats.ts'
import type { ReportFormat } from '../../src/audit/reports/formats.ts'
import { joined } from '../support/joined.ts'
import { anImage, anOutcome } from './an-outcome.ts'
import type { ImageSettings } from './an-outcome.ts'

const DENIED: ImageSettings = { image: 'r.test/a:1' }
const WARNED: ImageSettings = { ...DENIED, action: 'warn', cause: 'RateLimited' }

/** One image with the findings of all. */
function together(...settings: ImageSettings[]): AuditedImage {
  const images = settings.map(anImage)
  const [first = anImage(DENIED)] = images
  const findings = images.flatMap(({ decision }) => decision.findings)
  return { ...first, decision: { ...first.decision, findings } }
}

function baselineOf(...images: AuditedImage[]): string {
  return joined(reports.json(anOutcome(images)))
}

/** What a run says now, with a report of before as its baseline. */
function compare(before: AuditedImage, now: AuditedImage) {
  const outcome = withBaseline(anOutcome([now]), readBaseline(baselineOf(before)))
  return {
    code: (failOn: FailOn) => exitCodeOf(outcome, { failOn, interrupted: false }),
    text: (format: ReportFormat, failOn: FailOn = 'deny') =>
      joined(
        reports[format](outcome, {
          failOn,
          columns: null,
          paint: (_style, text) => text,
          version: '0.1.0',
          madeAtMs: 0,
        }),
      ),
  }
}

/** How each format marks what is known. */
const marks: Partial<Record<ReportFormat, RegExp>> = {
  table: /^ {2}\w+ +web: .*\(in the baseline\)$/gm,
  json: /"known": true/g,
  sarif: /"baselineState": "unchanged"/g,
  junit: /<skipped message="in the baseline: /g,
  github: /^::notice /gm,
  markdown: /^\| \S+ \w+ \(in the baseline\) \|/gm,
  html: /in the baseline/g,
}
const formats = Object.keys(marks) as (keyof typeof marks)[]

function countsOf(text: (format: ReportFormat) => string): Record<string, number> {
  return Object.fromEntries(
    formats.map((format) => [
      format,
      text(format).match(marks[format] ?? /$/g)?.length ?? 0,
    ]),
  )
}

/** The image and its finding, where both are marked. */
const ALL = { table: 1, json: 2, sarif: 1, junit: 1, github: 1, markdown: 1, html: 1 }

t.test('what a baseline knows is marked, whatever makes the run fail', (t) => {
  for (const settings of [DENIED, WARNED]) {
    const image = anImage(settings)
    const { text, code } = compare(image, image)
    for (const failOn of failOnValues) {
      const shown = countsOf((format) => text(format, failOn))
      t.same(shown, ALL, `${settings.action ?? 'deny'}, ${failOn}`)
      t.equal(code(failOn), 0)
    }
  }
  t.end()
})

t.test('of an image with something new, only what is known is marked', (t) => {
  const { text, code } = compare(anImage(DENIED), together(DENIED, WARNED))

  t.same(countsOf(text), {
    table: 0,
    json: 1,
    sarif: 1,
    junit: 0,
    github: 1,
    markdown: 0,
    html: 1,
  })
  for (const format of ['table', 'junit'] as const) {
    t.match(text(format), /\[ImageNotFound\] \(in the baseline\) /, format)
    t.match(text(format), /\[RateLimited\] RateLimited of/, format)
  }
  t.match(text('markdown'), /\*\*ImageNotFound\*\* \(in the baseline\) /)
  t.match(text('github'), /^::warning .*RateLimited/m)
  t.match(text('junit', 'warn'), /<failure type="RateLimited" message="RateLimited of/)
  t.match(text('junit', 'deny'), 'failures="0"')
  t.same(failOnValues.map(code), [0, 1, 0])
  t.end()
})

t.test('a baseline forgives what it knows, wherever it moved, and nothing else', (t) => {
  const rows: [title: string, settings: ImageSettings, code: number][] = [
    ['the same', DENIED, 0],
    ['elsewhere', { ...DENIED, line: 99, file: 'z.yaml' }, 0],
    ['another index', { ...DENIED, path: 'spec.containers[3].image' }, 0],
    ['less severe', { ...DENIED, action: 'warn' }, 0],
    ['another image', { image: 'r.test/a:2' }, 1],
    ['another cause', { ...DENIED, cause: 'AccessDenied' }, 1],
    ['another container', { ...DENIED, container: 'api' }, 1],
  ]
  for (const [title, settings, code] of rows) {
    const compared = compare(anImage(DENIED), anImage(settings))
    t.equal(compared.code('deny'), code, title)
    t.equal(compared.code('warn'), code, title)
  }
  t.end()
})

t.test('a warning that became a denial is new', (t) => {
  const { code, text } = compare(anImage({ ...DENIED, action: 'warn' }), anImage(DENIED))

  t.same(failOnValues.map(code), [1, 1, 0])
  t.notMatch(text('table'), 'in the baseline')
  t.end()
})

t.test('a baseline is a JSON report, with a byte order mark or without', (t) => {
  const report = baselineOf(anImage(DENIED))

  for (const content of [report, `\ufeff${report}`, Buffer.from(`\ufeff${report}`)])
    t.equal(readBaseline(content).size, 1)
  t.throws(() => readBaseline(Buffer.from(`\ufeff${report}`, 'utf16le')), /UTF-16/)
  t.throws(() => readBaseline('{"a": 1}'), { code: 'BaselineUnreadable' })
  t.end()
})
