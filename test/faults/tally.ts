import type { Verdict } from '../support/webhook.ts'
import { isFullyJudged, isWronglyDenied } from './subject.ts'
import type { Subject } from './subject.ts'

/** What became of the reviews of one server. */
export interface Tally {
  sent: number
  allowed: number
  warned: number
  denied: number
  /** One line each. */
  wrongDenials: string[]
  lost: string[]
  slowestMs: number
  /** Answers that were softer than in health, by the fault under which they were sent. */
  softened: Map<string, number>
}

export function newTally(): Tally {
  return {
    sent: 0,
    allowed: 0,
    warned: 0,
    denied: 0,
    wrongDenials: [],
    lost: [],
    slowestMs: 0,
    softened: new Map(),
  }
}

export interface Sent {
  subject: Subject
  /** The fault of the subject's lane at the time; null in health. */
  fault: string | null
  tookMs: number
  /** In health it would be judged fully. */
  isComparable: boolean
}

export function countAnswer(tally: Tally, sent: Sent, verdict: Verdict): void {
  const { subject, fault } = sent
  tally.slowestMs = Math.max(tally.slowestMs, sent.tookMs)
  if (verdict.action === 'allow') tally.allowed += 1
  if (verdict.action === 'warn') tally.warned += 1
  if (verdict.action === 'deny') tally.denied += 1
  if (isWronglyDenied(subject, verdict))
    tally.wrongDenials.push(
      `${subject.name} under ${fault ?? 'none'}: ${verdict.message}`,
    )
  if (fault !== null && sent.isComparable && !isFullyJudged(subject, verdict))
    tally.softened.set(fault, (tally.softened.get(fault) ?? 0) + 1)
}

export function countLost(tally: Tally, { subject, fault }: Sent, error: unknown): void {
  const why = error instanceof Error ? `${error.name} ${error.message}` : String(error)
  tally.lost.push(`${subject.name} under ${fault ?? 'none'}: ${why}`)
}
