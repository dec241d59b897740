import type { AuditOutcome } from './audit-result.ts'

export interface Summary {
  images: number
  allow: number
  warn: number
  deny: number
  /** Objects of a cluster audit that were left out. */
  inactive?: number
}

/** Counts images by what enforcing would do, and what an audit left out. */
export function summarise(outcome: AuditOutcome): Summary {
  const summary: Summary = { images: 0, allow: 0, warn: 0, deny: 0 }
  for (const { images } of outcome.objects) {
    for (const { decision } of images) {
      summary.images += 1
      summary[decision.action] += 1
    }
  }
  if (outcome.inactive !== undefined) summary.inactive = outcome.inactive
  return summary
}

/** What an audit left out, as one sentence; null where that is nothing. */
export function leftOutSentence({
  inactive = 0,
}: Pick<Summary, 'inactive'>): string | null {
  if (inactive === 0) return null
  const objects = inactive === 1 ? '1 object is' : `${inactive} objects are`
  return `${objects} suspended, finished or scaled to zero and left out; --include-inactive judges them too.`
}
