import type { Action } from '../policy/action.ts'
import type { JudgedFinding } from '../policy/decision.ts'
import type { AuditOutcome, AuditedImage } from './audit-result.ts'

/** From which action on an image makes a run fail. */
export type FailOn = 'deny' | 'warn' | 'never'

export const failOnValues = ['deny', 'warn', 'never'] as const satisfies FailOn[]

/** Whether an action is one that makes a run fail. */
export function isFailing(action: Action, failOn: FailOn): boolean {
  if (failOn === 'never' || action === 'allow') return false
  return action === 'deny' || failOn === 'warn'
}

/** Whether this image makes the run fail: what the baseline knows does not. */
export function fails(image: AuditedImage, failOn: FailOn): boolean {
  return failingFinding(image, failOn) !== null
}

/** The most severe finding that makes the run fail; null where none does. */
export function failingFinding(
  { decision, known }: AuditedImage,
  failOn: FailOn,
): JudgedFinding | null {
  const isNew = (judged: JudgedFinding): boolean => !known.includes(judged)
  return (
    decision.findings.find(
      (judged) => isFailing(judged.action, failOn) && isNew(judged),
    ) ?? null
  )
}

/**
 * 0: nothing fails. 1: something does. 2: interrupted, or there was something to judge and nothing of it could be.
 * Files that can be read and hold no images are all good.
 */
export function exitCodeOf(
  outcome: AuditOutcome,
  { failOn, interrupted }: { failOn: FailOn; interrupted: boolean },
): 0 | 1 | 2 {
  if (interrupted) return 2
  if (outcome.objects.length === 0 && outcome.problems.length > 0) return 2
  const failing = outcome.objects.some(({ images }) =>
    images.some((image) => fails(image, failOn)),
  )
  return failing ? 1 : 0
}
