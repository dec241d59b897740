import { isFailing } from '../fail-on.ts'
import type { AuditOutcome, AuditProblem, AuditedObject } from '../audit-result.ts'
import type { ReportOptions } from './report.ts'
import { placeOf, rowsOf, sentencesOf, titleOf } from './rows.ts'
import type { Row } from './rows.ts'
import { element, escapeMarkup } from './xml.ts'

type Options = Pick<ReportOptions, 'failOn'>

interface Suite {
  name: string
  cases: string[]
  failures: number
  errors: number
  skipped: number
}

/**
 * JUnit XML as Jenkins and GitLab read it: a suite for each object, a case for each image. What makes the run fail is a
 * failure, what the baseline knows is skipped, what is only warned about passes with its text, what could not be read is an error.
 */
export function junitReport(outcome: AuditOutcome, options: Options): string {
  const suites = outcome.objects.map((audited) => suiteOf(audited, options))
  if (outcome.problems.length > 0) suites.push(problemSuite(outcome.problems))
  const total = (count: (suite: Suite) => number): number =>
    suites.reduce((sum, suite) => sum + count(suite), 0)
  const root = element(
    'testsuites',
    {
      name: 'pullgate',
      tests: total(({ cases }) => cases.length),
      failures: total(({ failures }) => failures),
      errors: total(({ errors }) => errors),
      skipped: total(({ skipped }) => skipped),
    },
    suites.map((suite) => `\n${suiteElement(suite)}`).join('') + '\n',
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`
}

function suiteElement({ name, cases, failures, errors, skipped }: Suite): string {
  const attributes = { name, tests: cases.length, failures, errors, skipped }
  return element(
    'testsuite',
    attributes,
    cases.map((each) => `\n${each}`).join('') + '\n',
  )
}

function suiteOf(audited: AuditedObject, { failOn }: Options): Suite {
  const name = titleOf(audited.object)
  const suite: Suite = { name, cases: [], failures: 0, errors: 0, skipped: 0 }
  if (audited.exempted !== null) {
    const skipped = element('skipped', { message: audited.exempted })
    suite.cases.push(element('testcase', { classname: name, name: 'images' }, skipped))
    suite.skipped += 1
  }
  for (const row of rowsOf({ objects: [audited], problems: [] })) {
    const failing = isFailing(row.image.decision.action, failOn)
    if (failing) suite[row.image.known ? 'skipped' : 'failures'] += 1
    suite.cases.push(caseOf(row, failing))
  }
  return suite
}

function caseOf({ image, title, container, imageName }: Row, failing: boolean): string {
  const { leading, findings } = image.decision
  const { position } = image
  const texts = findings.map(
    ({ finding }) => `[${finding.cause}] ${sentencesOf(finding)}`,
  )
  if (position) texts.push(placeOf(position))
  const text = escapeMarkup(texts.join('\n'))
  const message = leading ? leading.finding.message : ''
  const type = leading?.finding.cause ?? ''
  const attributes = {
    classname: title,
    name: container === '' ? imageName : `${container}: ${imageName}`,
    ...(position ? { file: position.file, line: position.line } : {}),
  }
  if (leading === null) return element('testcase', attributes)
  if (!failing) return element('testcase', attributes, element('system-out', {}, text))
  const verdict = image.known
    ? element('skipped', { message: `in the baseline: ${message}` })
    : element('failure', { type, message }, text)
  return element('testcase', attributes, verdict)
}

function problemSuite(problems: readonly AuditProblem[]): Suite {
  const cases = problems.map(({ message, position }) => {
    const name = position ? placeOf(position) : 'input'
    const error = element('error', { message })
    return element('testcase', { classname: 'could not be read', name }, error)
  })
  const errors = cases.length
  return { name: 'could not be read', cases, failures: 0, errors, skipped: 0 }
}
