import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { reports } from '../../src/audit/reports/formats.ts'
import { joined } from '../support/joined.ts'
import { anImage, anOutcome } from './an-outcome.ts'

/** What YAML 1.1, which kubectl reads, takes for a boolean, a number, a time or a merge, and YAML 1.2 for a text. */
const WORDS =
  'on off y n yes no No true null ~ << 1_000 1:30 012 0b1 0x1f 1e3 .inf 2025-03-18'.split(
    ' ',
  )

const outcome = anOutcome(
  WORDS.map((word) => anImage({ image: word, container: word, message: word })),
)
for (const { object } of outcome.objects) {
  object.namespace = 'no'
  object.name = 'on'
}

t.test('yaml: what ends a line for JavaScript ends none for YAML', (t) => {
  const words = ['a\u2028b: c', 'a\u0085b', 'two\n\nlines', '\n', '']
  const broken = anOutcome(words.map((message) => anImage({ image: 'a', message })))
  const json: unknown = JSON.parse(joined(reports.json(broken)))

  t.match(JSON.stringify(json), 'a\u2028b: c')
  t.strictSame(parse(joined(reports.yaml(broken))), json)
  t.end()
})

t.test('yaml: every text is one to readers of YAML 1.1 too', (t) => {
  const text = joined(reports.yaml(outcome))
  const json: unknown = JSON.parse(joined(reports.json(outcome)))

  for (const version of ['1.1', '1.2'] as const)
    t.strictSame(parse(text, { version }), json, version)
  t.end()
})

for (const format of ['policyreport', 'openreports'] as const) {
  t.test(`${format}: every text is one to kubectl`, (t) => {
    const text = joined(reports[format](outcome))

    const [document] = parseAllDocuments(text, { version: '1.1' })
    const report = document?.toJS() as PolicyReport
    t.equal(report.metadata.namespace, 'no')
    t.same(report.results[0]?.resources, [
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'no', name: 'on' },
    ])
    t.strictSame(
      report.results.map(({ properties }) => properties.container),
      WORDS,
    )
    t.end()
  })
}

interface PolicyReport {
  metadata: { namespace: unknown }
  results: { resources: object[]; properties: { container: unknown } }[]
}
