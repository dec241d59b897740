import type { JudgedFinding } from '../../policy/decision.ts'
import type { AuditOutcome, AuditedImage, AuditedObject } from '../audit-result.ts'
import { summarise } from '../summary.ts'

/** The JSON report of `check` and `audit`; its shape is a public contract and only ever grows. */
export function jsonReport(outcome: AuditOutcome): string {
  return `${JSON.stringify(reportObject(outcome), null, 2)}\n`
}

/** What the JSON and the YAML report hold. */
export function reportObject(outcome: AuditOutcome): object {
  return {
    results: outcome.objects.map(objectEntry),
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

function imageEntry({ decision, position, known }: AuditedImage): object {
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
    findings: findings.map(findingEntry),
    attempts: prediction.attempts,
    ...(known ? { known } : {}),
  }
}

function findingEntry({ finding, action }: JudgedFinding): object {
  const { cause, certainty, message, advice, doubts } = finding
  return { cause, certainty, action, message, advice, doubts }
}
