import { ItemByItem, jsonPieces } from '../../json/json-pieces.ts'
import type { JudgedFinding } from '../../policy/decision.ts'
import type { AuditOutcome, AuditedImage, AuditedObject } from '../audit-result.ts'
import { isKnown } from '../baseline.ts'
import { summarise } from '../summary.ts'

/** The JSON report of `check` and `audit`; its shape is a public contract and only ever grows. */
export function* jsonReport(outcome: AuditOutcome): Generator<string> {
  const results = new ItemByItem(resultsOf(outcome))
  yield* jsonPieces({ results, ...sumsOf(outcome) })
  yield '\n'
}

/** The results of the JSON and the YAML report, one for each object. */
export function* resultsOf({ objects }: AuditOutcome): Generator<object> {
  for (const audited of objects) yield objectEntry(audited)
}

/** What stands beside them. */
export function sumsOf(outcome: AuditOutcome): object {
  return {
    summary: summarise(outcome),
    problems: outcome.problems,
    ...(outcome.groups === undefined ? {} : { groups: outcome.groups }),
  }
}

function objectEntry({ object, images, exempted, pods }: AuditedObject): object {
  return {
    object,
    ...(exempted === null ? {} : { exempted }),
    ...(pods === undefined
      ? {}
      : { pods: pods.reduce((sum, { count }) => sum + count, 0) }),
    images: images.map(imageEntry),
  }
}

function imageEntry(image: AuditedImage): object {
  const { decision, position, known } = image
  const { prediction, action, leading, findings } = decision
  return {
    image: prediction.use.image,
    path: prediction.use.path,
    container: prediction.use.container,
    action,
    cause: leading?.finding.cause ?? null,
    message: leading?.finding.message ?? '',
    advice: leading?.finding.advice ?? '',
    reference: prediction.reference?.pullReference ?? null,
    digest: prediction.digest,
    ...(prediction.platforms ? { platforms: prediction.platforms } : {}),
    ...(prediction.nodes ? { nodes: prediction.nodes } : {}),
    position,
    findings: findings.map((judged) => findingEntry(judged, known.includes(judged))),
    attempts: prediction.attempts,
    ...(isKnown(image) ? { known: true } : {}),
  }
}

function findingEntry({ finding, action }: JudgedFinding, known: boolean): object {
  const { cause, certainty, message, advice, doubts } = finding
  const entry = { cause, certainty, action, message, advice, doubts }
  return known ? { ...entry, known } : entry
}
