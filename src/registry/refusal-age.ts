/** A refusal that denies is never older than this, counted from its question: what was missing may have been pushed since. */
export const MAX_REFUSAL_AGE_MS = 2_000

/** Whoever came so soon after a question has as good as asked it: the replicas of a rollout come together, and cost one. */
const TOGETHER_MS = 200

/** When a question was asked, when somebody joined who has it too, and when it was answered; milliseconds of one steady clock. */
export interface JoinedQuestion {
  askedAtMs: number
  joinedAtMs: number
  answeredAtMs: number
}

/**
 * Whether the refusal of a slow host is too old for one who joined the question: then it is asked again before it denies, for what
 * was missing when the other asked may have been there when this one did.
 */
export function isTooOldToJoin(question: JoinedQuestion): boolean {
  const { askedAtMs, joinedAtMs, answeredAtMs } = question
  return (
    answeredAtMs - askedAtMs > MAX_REFUSAL_AGE_MS && joinedAtMs - askedAtMs > TOGETHER_MS
  )
}
