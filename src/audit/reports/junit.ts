import type { JudgedFinding } from '../../policy/decision.ts'
import { isKnown } from '../baseline.ts'
import { failingFinding, fails } from '../fail-on.ts'
import type {
  AuditOutcome,
  AuditProblem,
  AuditedImage,
  AuditedObject,
} from '../audit-result.ts'
import type { ReportOptions } from './report.ts'
import { isInFile, knownMark, placeOf, rowsOf, sentencesOf, titleOf } from './rows.ts'
import type { Row } from './rows.ts'
import { element, escapeMarkup, opening } from './xml.ts'

type Options = Pick<ReportOptions, 'failOn'>

interface Counts {
  tests: number
  failures: number
  errors: number
  skipped: number
}

/**
 * JUnit XML as Jenkins and GitLab read it: a suite for each object, a case for each image. What makes the run fail is a
 * failure, what the baseline knows is skipped, what is only warned about passes with its text, what could not be read is an error.
 */
export function* junitReport(outcome: AuditOutcome, options: Options): Generator<string> {
  const { objects, problems } = outcome
  const unread = { ...NOTHING, tests: problems.length, errors: problems.length }
  // The schema has no `skipped` here, and Jenkins' xUnit plugin refuses a report that does.
  const { tests, failures, errors } = [
    unread,
    ...objects.map((audited) => countsOf(audited, options)),
  ].reduce(sumOf)
  const root = opening('testsuites', { name: 'pullgate', tests, failures, errors })
  yield `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`
  for (const audited of objects) {
    const attributes = { name: titleOf(audited.object), ...countsOf(audited, options) }
    yield suite(attributes, casesOf(audited, options))
  }
  if (problems.length > 0)
    yield suite({ name: 'could not be read', ...unread }, problems.map(problemCase))
  yield '</testsuites>\n'
}

const NOTHING: Counts = { tests: 0, failures: 0, errors: 0, skipped: 0 }

function sumOf(a: Counts, b: Counts): Counts {
  return {
    tests: a.tests + b.tests,
    failures: a.failures + b.failures,
    errors: a.errors + b.errors,
    skipped: a.skipped + b.skipped,
  }
}

function countsOf({ images, exempted }: AuditedObject, { failOn }: Options): Counts {
  const exempt = exempted === null ? 0 : 1
  return {
    tests: images.length + exempt,
    failures: images.filter((image) => fails(image, failOn)).length,
    errors: 0,
    skipped: images.filter(isKnown).length + exempt,
  }
}

function suite(
  attributes: Readonly<Record<string, string | number>>,
  cases: readonly string[],
): string {
  return `${opening('testsuite', attributes)}\n${cases.map((each) => `${each}\n`).join('')}</testsuite>\n`
}

function casesOf(audited: AuditedObject, { failOn }: Options): string[] {
  const cases = [...rowsOf({ objects: [audited] })].map((row) =>
    caseOf(row, failingFinding(row.image, failOn)),
  )
  if (audited.exempted === null) return cases
  const skipped = element('skipped', { message: audited.exempted })
  const attributes = { classname: titleOf(audited.object), name: 'images' }
  return [element('testcase', attributes, skipped), ...cases]
}

function caseOf(
  { image, title, container, imageName }: Row,
  failing: JudgedFinding | null,
): string {
  const { findings } = image.decision
  const { position } = image
  const texts = findings.map(
    (judged) =>
      `[${judged.finding.cause}] ${knownMark(image, judged)}${sentencesOf(judged.finding)}`,
  )
  // The attributes have no column.
  if (position) texts.push(placeOf(position))
  const text = escapeMarkup(texts.join('\n'))
  const attributes = {
    classname: title,
    name: container === '' ? imageName : `${container}: ${imageName}`,
    ...(isInFile(position) ? { file: position.file, line: position.line } : {}),
  }
  if (text === '') return element('testcase', attributes)
  return element('testcase', attributes, verdictOf(image, failing, text))
}

function verdictOf(
  image: AuditedImage,
  failing: JudgedFinding | null,
  text: string,
): string {
  if (failing !== null) {
    const { cause, message } = failing.finding
    return element('failure', { type: cause, message }, text)
  }
  const { leading } = image.decision
  if (!isKnown(image) || leading === null) return element('system-out', {}, text)
  return element(
    'skipped',
    { message: `in the baseline: ${leading.finding.message}` },
    text,
  )
}

function problemCase({ message, position }: AuditProblem): string {
  const name = position ? placeOf(position) : 'input'
  const error = element('error', { message })
  return element('testcase', { classname: 'could not be read', name }, error)
}
