import { causes } from '../../prediction/causes.ts'
import type { Aspect, CauseCode } from '../../prediction/causes.ts'
import type { Finding } from '../../prediction/finding.ts'
import type { ImagePrediction } from '../../prediction/prediction.ts'
import type { PullCredentials } from '../../prediction/pull-secrets/pull-credentials.ts'
import type { PullError } from './classify-pull-error.ts'
import type { Step, StepName } from './explanation.ts'

export interface StepFacts {
  prediction: ImagePrediction
  credentials: PullCredentials
  /** Namespaces in which a secret that is missing here does exist, by its name; null where they cannot be searched. */
  elsewhere: ReadonlyMap<string, readonly string[] | null>
  /** What the kubelet's text is about; null when it said nothing. */
  error: PullError | null
}

type Kind = Pick<Finding, 'cause'>

/** The findings of the image that a step is about. */
export function findingsOf(
  { prediction }: Pick<StepFacts, 'prediction'>,
  wanted: (cause: CauseCode, aspect: Aspect) => boolean,
): Finding[] {
  return prediction.findings.filter(({ cause }: Kind) =>
    wanted(cause, causes[cause].aspect),
  )
}

/** A step that failed: the first finding, and what else there is. */
export function problem(
  name: StepName,
  findings: readonly Finding[],
  evidence: string[],
): Step {
  const [first, ...others] = findings
  return {
    name,
    outcome: 'problem',
    summary: first === undefined ? '' : `[${first.cause}] ${first.message}`,
    evidence: [
      ...evidence,
      ...(first?.doubts ?? []),
      ...others.map(({ cause, message }) => `[${cause}] ${message}`),
    ],
  }
}

export function step(
  name: StepName,
  outcome: Step['outcome'],
  summary: string,
  evidence: string[] = [],
): Step {
  return { name, outcome, summary, evidence }
}
