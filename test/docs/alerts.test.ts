import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { Test } from 'tap'
import { parse, stringify } from 'yaml'
import { metricCatalogue } from '../../src/admission/metric-catalogue.ts'
import { withParts } from '../support/missing-parts.ts'
import { alertCases } from './alert-cases.ts'
import type { AlertCase } from './alert-cases.ts'
import { codeBlocks, readDocument, section, tableRows } from './markdown.ts'

interface Rule {
  alert: string
  expr: string
  labels: Record<string, string>
  annotations: { summary: string; description: string }
}

interface RuleFile {
  groups: { name: string; rules: Rule[] }[]
}

const execute = promisify(execFile)
const { spec } = parse(
  readDocument('manifests/components/prometheus/prometheus-rule.yaml').text,
) as { spec: RuleFile }
const rules = spec.groups.flatMap((group) => group.rules)

/** What promtool says against it; empty when it is content. */
async function mistakes(
  t: Test,
  files: Record<string, object>,
  args: readonly string[],
): Promise<string> {
  const folder = t.testdir()
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), stringify(content))
  return execute('promtool', args, { cwd: folder }).then(
    () => '',
    (error: unknown) =>
      error instanceof Error && 'stdout' in error
        ? `${error.message}\n${String(error.stdout)}`
        : String(error),
  )
}

const filledIn = (text: string, labels: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? '')

function unitTest({ alert, firing, quiet, at, labels = {} }: AlertCase): object[] {
  const rule = rules.find((each) => each.alert === alert)
  const expected = {
    exp_labels: { ...rule?.labels, ...labels },
    exp_annotations: {
      summary: filledIn(rule?.annotations.summary ?? '', labels),
      description: rule?.annotations.description,
    },
  }
  const once = (series: AlertCase['firing'], alerts: object[]): object => ({
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({
      series: name,
      values,
    })),
    alert_rule_test: [{ eval_time: `${at}m`, alertname: alert, exp_alerts: alerts }],
  })
  return [once(firing, [expected]), once(quiet, [])]
}

t.test('docs/metrics.md has every alert, with its own words', (t) => {
  const { text } = readDocument('docs/metrics.md')

  t.strictSame(
    tableRows(section(text, '## Worth an alert')),
    rules.map(({ alert, annotations: { summary, description } }) => [
      alert,
      filledIn(summary, { host: 'HOST', reason: 'REASON' }),
      description.replaceAll('`', ''),
    ]),
  )
  t.strictSame(
    alertCases.map(({ alert }) => alert),
    rules.map(({ alert }) => alert),
    'each of them has a case',
  )
  t.end()
})

t.test('alerts are tried on series that /metrics has', (t) => {
  for (const { alert, firing, quiet } of alertCases) {
    for (const series of [...Object.keys(firing), ...Object.keys(quiet)]) {
      const [name = '', labels = ''] = series.split(/[{}]/)
      const metric = Object.entries(metricCatalogue).find(
        ([known]) => known === name || `${known}_bucket` === name,
      )
      const names = [...labels.matchAll(/(\w+)=/g)].map(([, label = '']) => label)
      t.strictSame(
        names.filter((label) => label !== 'pod' && label !== 'le').toSorted(),
        metric?.[1].labels.toSorted(),
        `${alert}: ${series}`,
      )
    }
  }
  t.end()
})

await withParts(t, { file: import.meta.filename, needs: ['promtool'] }, async () => {
  await t.test('Prometheus takes the rules', async (t) => {
    const files = { 'rules.yaml': spec }
    t.equal(
      await mistakes(t, files, ['check', 'rules', '--lint-fatal', 'rules.yaml']),
      '',
    )
  })

  await t.test('every query of docs/metrics.md is one', async (t) => {
    const queries = codeBlocks(readDocument('docs/metrics.md').text)
      .filter(({ language }) => language === 'promql')
      .flatMap(({ code }) => code.trimEnd().split(/\n(?![ )])/))
    const recorded = queries.map((expr, index) => ({ record: `query:${index}`, expr }))
    const files = { 'queries.yaml': { groups: [{ name: 'docs', rules: recorded }] } }

    t.ok(queries.length > 3, `${queries.length} queries`)
    t.equal(await mistakes(t, files, ['check', 'rules', 'queries.yaml']), '')
  })

  await t.test('one single denial of the week is seen before enforcing', async (t) => {
    const text = section(
      readDocument('docs/metrics.md').text,
      '## From audit to warn to enforce',
    )
    const [byNamespace, isQuiet] = codeBlocks(text).map(({ code }) => code)
    const labels = 'cause="ImageNotFound",namespace="shop"'
    const tried = (values: string, denials: number): object => ({
      interval: '1h',
      input_series: [
        { series: `pullgate_would_deny_total{mode="audit",pod="a",${labels}}`, values },
      ],
      promql_expr_test: [
        {
          expr: byNamespace,
          eval_time: '200h',
          exp_samples: [{ labels: `{${labels}}`, value: denials }],
        },
        {
          expr: isQuiet,
          eval_time: '200h',
          exp_samples: denials === 0 ? [{ labels: '{}', value: 0 }] : [],
        },
      ],
    })
    const tests = [tried('_x100 1x100', 1), tried('_x100 1x50', 1), tried('3x200', 0)]
    const files = { 'tests.yaml': { rule_files: [], evaluation_interval: '1h', tests } }
    t.equal(await mistakes(t, files, ['test', 'rules', 'tests.yaml']), '')
  })

  for (const each of alertCases) {
    await t.test(`${each.alert} fires when it should, and only then`, async (t) => {
      const tests = {
        rule_files: ['rules.yaml'],
        evaluation_interval: '1m',
        tests: unitTest(each),
      }
      const files = { 'rules.yaml': spec, 'tests.yaml': tests }
      t.equal(await mistakes(t, files, ['test', 'rules', 'tests.yaml']), '')
    })
  }
})
