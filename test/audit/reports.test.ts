import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import type { AuditOutcome } from '../../src/audit/audit-result.ts'
import { exitCodeOf } from '../../src/audit/fail-on.ts'
import { reportFormats, reports } from '../../src/audit/reports/formats.ts'
import type { ReportFormat } from '../../src/audit/reports/formats.ts'
import type { ReportOptions } from '../../src/audit/reports/report.ts'
import { wrap } from '../../src/audit/reports/wrap.ts'
import { printable } from '../../src/text/printable.ts'
import { aGroup, anImage, anOutcome } from './an-outcome.ts'
import { readXml } from './read-xml.ts'
import { validateReportObject, validateSarif } from './report-schemas.ts'
import { joined } from '../support/joined.ts'

const OPTIONS: ReportOptions = {
  failOn: 'deny',
  columns: null,
  paint: (_style, text) => text,
  version: '0.1.0',
  madeAtMs: Date.UTC(2026, 0, 1),
}

/** What would break out of a format that does not escape. */
const HOSTILE =
  'r.test/"><script>alert(1)</script>&amp;|`x`]]>%0A::error::@all [a](b) \u0007\u001b[31m\u202e\ufffe'

/** Throws where the text is not what its consumer reads; answers all the texts that the consumer would show, as one. */
const consumers: Record<ReportFormat, (text: string) => string> = {
  table: (text) => text,
  json: (text) => textsIn(JSON.parse(text)),
  yaml: (text) => textsIn(parse(text)),
  sarif(text) {
    const log: unknown = JSON.parse(text)
    validateSarif(log)
    return textsIn(log)
  },
  junit: (text) => readXml(text).texts.join('\n'),
  github: (text) =>
    text
      .replaceAll('%0A', '\n')
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%25', '%'),
  markdown: (text) => text.replaceAll('\\', ''),
  html: (text) =>
    readXml(
      text
        .replace('<!doctype html>', '')
        .replaceAll(/<(?:meta|input|br|wbr)\b[^>]*>/g, '')
        .replaceAll(/<(style|script)>[^]*?<\/\1>/g, '')
        .replaceAll(' hidden>', '>'),
    ).texts.join('\n'),
  policyreport: reportObjects,
  openreports: reportObjects,
}

function reportObjects(text: string): string {
  const values = parseAllDocuments(text).map((document): unknown => document.toJS())
  for (const value of values) validateReportObject(value)
  return values.map(textsIn).join('\n')
}

function textsIn(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([key, entry]) => `${key} ${textsIn(entry)}`)
    .join('\n')
}

const outcome: AuditOutcome = {
  ...anOutcome(
    [
      anImage({ image: 'r.test/a:1' }),
      anImage({ image: 'r.test/b:1', action: 'warn', cause: 'RateLimited' }),
    ],
    [anImage({ image: 'r.test/c:1', action: 'allow' })],
  ),
  problems: [
    { message: 'a key is missing', position: { file: 'b.yaml', line: 2, column: 5 } },
    { message: 'cannot read c.yaml: permission denied', position: null },
  ],
}

for (const format of reportFormats) {
  const report = (what: AuditOutcome, options: Partial<ReportOptions> = {}): string =>
    joined(reports[format](what, { ...OPTIONS, ...options }))
  const consume = consumers[format]

  t.test(`${format}: tells each finding with its object, image and advice`, (t) => {
    const texts = consume(report(outcome))

    for (const needed of ['r.test/a:1', 'r.test/b:1', 'ImageNotFound', 'RateLimited']) {
      t.match(texts, needed)
    }
    t.match(texts, 'web-0')
    t.match(texts, 'Do something about it.')
    t.match(texts, 'A node may hold it.')
    t.ok(report(outcome).endsWith('\n'))
    t.end()
  })

  t.test(`${format}: is fit for its consumer, whatever names and messages hold`, (t) => {
    const image = anImage({
      image: HOSTILE,
      message: printable(HOSTILE),
      container: HOSTILE,
      file: 'a dir/%weird,name:1.yaml',
    })
    const text = report({
      ...anOutcome([image]),
      problems: [{ message: printable(HOSTILE), position: image.position }],
    })

    t.doesNotThrow(() => consume(text))
    t.match(consume(text), 'alert(1)')
    // eslint-disable-next-line no-control-regex
    t.notMatch(text, /[\u0007\u001b]/)
    if (format === 'html') t.notMatch(text, '<script>alert')
    if (format === 'github') t.notMatch(text, /^::error::/m)
    if (format === 'markdown')
      t.notMatch(
        text.replaceAll('\\`', '').replaceAll(/(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, ''),
        /<script|[^\\]\[a|@all/,
      )
    t.end()
  })

  t.test(
    `${format}: is whole without anything to report, and the same each time`,
    (t) => {
      const nothing = { objects: [], problems: [] }
      t.doesNotThrow(() => consume(report(nothing)))
      t.equal(report(outcome), report(outcome))
      t.end()
    },
  )

  t.test(`${format}: says why an object was not judged, or leaves it out`, (t) => {
    const [audited] = anOutcome([]).objects
    const exempt = {
      ...anOutcome([]),
      objects: audited ? [{ ...audited, exempted: 'exempt (x)' }] : [],
    }
    t.doesNotThrow(() => consume(report(exempt)))
    t.end()
  })
}

for (const format of reportFormats.filter((each) => each !== 'json' && each !== 'yaml')) {
  t.test(`${format}: an image without a name shows that it has none`, (t) => {
    for (const image of ['', ' \u200b']) {
      const empty = anOutcome([anImage({ image, message: 'It has no name.' })])
      const text = joined(reports[format](empty, OPTIONS))
      t.match(consumers[format](text), '(empty)', JSON.stringify(image))
    }
    t.end()
  })
}

const widespread: AuditOutcome = {
  ...anOutcome([anImage({ image: 'r.test/a:1' })]),
  groups: {
    causes: [aGroup('ImageNotFound')],
    registries: Array.from({ length: 40 }, (_, each) => aGroup(`r-${each}.test`)),
    namespaces: [aGroup(HOSTILE), aGroup('')],
    nodes: [aGroup('node-1')],
  },
}

for (const format of ['table', 'markdown', 'html'] as const) {
  t.test(`${format}: tells how widespread it is, and what would be lost`, (t) => {
    const text = consumers[format](joined(reports[format](widespread, OPTIONS)))

    for (const title of ['cause', 'registry', 'namespace', 'node'])
      t.match(text, new RegExp(`by ${title}`, 'i'))
    for (const name of ['ImageNotFound', 'r-0.test', '(none)', 'node-1'])
      t.match(text, name)
    t.match(text, '2, perhaps 1 more')
    t.match(text, /and (?:30|15) more/)
    t.notMatch(text, '\u001B[31m')
    t.end()
  })
}

t.test('the schemas refuse what is not in them', (t) => {
  const log = joined(reports.sarif(outcome, OPTIONS))
  for (const [from, to] of [
    ['"ruleId"', '"rule"'],
    ['"error"', '"fatal"'],
    ['"uri": "a.yaml"', '"uri": "a dir"'],
  ] as const)
    t.throws(() => validateSarif(JSON.parse(log.replace(from, to))), from)
  const [document] = parseAllDocuments(joined(reports.policyreport(outcome)))
  const report = document?.toJS() as Record<string, unknown>
  t.throws(() => validateReportObject({ ...report, summery: {} }))
  t.throws(() => validateReportObject({ ...report, results: [{ result: 'fail' }] }))
  t.end()
})

t.test('the table breaks messages between words, and never advice', (t) => {
  const message = 'many words '.repeat(20).trim()
  const advice = 'Type: kubectl create '.repeat(10).trim()
  const image = anImage({ image: 'r.test/a:1', message, advice })
  const lines = joined(
    reports.table(anOutcome([image]), { ...OPTIONS, columns: 60 }),
  ).split('\n')

  t.ok(lines.includes(`         ${advice}`))
  for (const line of lines) if (line.includes('words')) t.ok(line.length <= 60, line)
  t.same(wrap('aa bb', '  ', 33), ['  aa bb'])
  t.same(wrap('x'.repeat(40), '', 30), ['x'.repeat(40)])
  t.end()
})

function junitRoot(failOn: ReportOptions['failOn']): Record<string, string> {
  return readXml(joined(reports.junit(outcome, { ...OPTIONS, failOn }))).root
}

t.test('JUnit counts what fails, and the threshold decides', (t) => {
  t.match(junitRoot('deny'), { tests: '5', failures: '1', errors: '2' })
  t.match(junitRoot('warn'), { failures: '2' })
  t.match(junitRoot('never'), { failures: '0' })
  t.end()
})

t.test('GitHub annotations stand in the file, and a stream has none', (t) => {
  const text = joined(reports.github(outcome))
  t.match(
    text,
    /^::error file=a\.yaml,line=7,col=3,title=Deployment team-a\/web-0%3A Image/m,
  )
  t.match(text, /^::warning file=b\.yaml,line=2,col=5,title=could not be read::/m)
  const piped = joined(
    reports.github(anOutcome([anImage({ image: 'r.test/a', file: '-' })])),
  )
  t.match(piped, /^::error title=/)
  t.end()
})

t.test('PolicyReports are split by namespace and size', (t) => {
  const many = Array.from({ length: 900 }, (_, each) =>
    anImage({ image: `r.test/${each}` }),
  )
  const documents = parseAllDocuments(joined(reports.policyreport(anOutcome(many))))
  t.same(
    documents.map((document): unknown => document.getIn(['metadata', 'name'])),
    ['pullgate', 'pullgate-2', 'pullgate-3'],
  )
  t.match(documents[0]?.toJS(), { summary: { fail: 400 } })
  t.end()
})

t.test('the exit code', (t) => {
  const denied = anOutcome([anImage({ image: 'r.test/a:1' })])
  const warned = anOutcome([anImage({ image: 'r.test/a:1', action: 'warn' })])
  const unreadable = { ...anOutcome(), problems: outcome.problems }
  const rows = [
    [denied, 'deny', false, 1],
    [denied, 'never', false, 0],
    [warned, 'deny', false, 0],
    [warned, 'warn', false, 1],
    [unreadable, 'never', false, 2],
    [anOutcome(), 'warn', false, 0],
    [denied, 'deny', true, 2],
  ] as const
  for (const [what, failOn, interrupted, code] of rows) {
    t.equal(exitCodeOf(what, { failOn, interrupted }), code)
  }
  t.end()
})
