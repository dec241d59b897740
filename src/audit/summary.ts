import type { AuditOutcome } from './audit-result.ts'

export interface Summary {
  images: number
  allow: number
  warn: number
  deny: number
}

/** Counts images by what enforcing would do. */
export function summarise(outcome: AuditOutcome): Summary {
  const summary: Summary = { images: 0, allow: 0, warn: 0, deny: 0 }
  for (const { images } of outcome.objects) {
    for (const { decision } of images) {
      summary.images += 1
      summary[decision.action] += 1
    }
  }
  return summary
}
