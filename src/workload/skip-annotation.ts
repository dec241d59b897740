import { printable } from '../text/printable.ts'
import type { Workload } from './workload.ts'

/** On an object or on its pod template: let it through without judging its images. The value is the reason. */
export const SKIP_ANNOTATION = 'pullgate.dev/skip'

/**
 * The reason given in the skip annotation of the object or else of its template, as one printable line; null without one,
 * and for `false`, which is written by someone who wants the opposite.
 */
export function skipReason(workload: Workload): string | null {
  const written =
    workload.annotations[SKIP_ANNOTATION] ?? workload.podAnnotations[SKIP_ANNOTATION]
  if (written === undefined) return null
  const reason = printable(written)
  if (reason === 'false') return null
  return reason || 'no reason given'
}
