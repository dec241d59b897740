import { createHash } from 'node:crypto'
import { ItemByItem, jsonPieces } from '../../json/json-pieces.ts'
import { printable } from '../../text/printable.ts'
import { causeCodes, causes } from '../../prediction/causes.ts'
import type { CauseCode } from '../../prediction/causes.ts'
import type { JudgedFinding } from '../../policy/decision.ts'
import { identityOf } from '../baseline.ts'
import type { AuditOutcome, AuditProblem } from '../audit-result.ts'
import type { ReportOptions } from './report.ts'
import { rowsOf, sentencesOf } from './rows.ts'
import type { Row } from './rows.ts'
import { placeOfPosition, sarifPlace } from './sarif-place.ts'

const LEVEL = { deny: 'error', warn: 'warning', allow: 'none' } as const

/**
 * SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html): a rule for each cause, a result for each
 * finding. Fingerprints do not depend on lines, so that code scanning follows a finding as its file changes.
 */
export function* sarifReport(
  outcome: AuditOutcome,
  { version }: Pick<ReportOptions, 'version'>,
): Generator<string> {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'pullgate',
            version,
            semanticVersion: version,
            rules: causeCodes.map(ruleOf),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            // A problem is something that was not judged, an interruption among them.
            executionSuccessful: outcome.problems.length === 0,
            toolExecutionNotifications: outcome.problems.map(notificationOf),
          },
        ],
        results: new ItemByItem(resultsOf(outcome)),
      },
    ],
  }
  yield* jsonPieces(log)
  yield '\n'
}

function* resultsOf(outcome: AuditOutcome): Generator<object> {
  for (const row of rowsOf(outcome)) {
    for (const judged of row.image.decision.findings) yield resultOf(row, judged)
  }
}

function ruleOf(cause: CauseCode): object {
  const { title, aspect, defaultAction } = causes[cause]
  const start =
    defaultAction === 'deny'
      ? 'The image will not be pulled as things are'
      : 'Worth a look before the image is pulled'
  const text = `${start}: ${title}. Each result says with which evidence, and what to do about it.`
  return {
    id: cause,
    shortDescription: { text: `${title.charAt(0).toUpperCase()}${title.slice(1)}` },
    fullDescription: { text },
    help: { text },
    defaultConfiguration: { level: LEVEL[defaultAction] },
    properties: { tags: ['kubernetes', 'container-image', aspect] },
  }
}

function resultOf({ audited, image, title, imageName }: Row, judged: JudgedFinding) {
  const { finding, action } = judged
  const { use } = image.decision.prediction
  const identity = identityOf({ ...use, object: audited.object }, finding.cause)
  return {
    ruleId: finding.cause,
    ruleIndex: causeCodes.indexOf(finding.cause),
    level: LEVEL[action],
    message: { text: `${imageName}: ${sentencesOf(finding)}` },
    locations: [
      {
        physicalLocation: sarifPlace(image.position, audited.object),
        logicalLocations: [
          { fullyQualifiedName: `${title} ${use.path}`.trim(), kind: 'object' },
        ],
      },
    ],
    partialFingerprints: {
      'pullgate/v1': createHash('sha256').update(identity).digest('hex'),
    },
    ...(image.known.includes(judged) ? { baselineState: 'unchanged' } : {}),
    properties: { image: printable(use.image), action, certainty: finding.certainty },
  }
}

function notificationOf({ message, position }: AuditProblem): object {
  return {
    level: 'warning',
    message: { text: message },
    ...(position ? { locations: [{ physicalLocation: placeOfPosition(position) }] } : {}),
  }
}
