/** How a review's time is spent, in milliseconds from now. */
export interface ReviewBudget {
  /** By then the look-ups are told to answer with what they know. */
  lookUpsMs: number
  /** By then they are no longer waited for. */
  answerMs: number
}

/** What the API server grants when it does not say (the default of timeoutSeconds). */
const DEFAULT_API_TIMEOUT_MS = 10_000
/** For writing the answer and its way back. */
const MARGIN_SHARE = 0.1
const LEAST_MARGIN_MS = 200
/**
 * What each review under way may hold up the others: a storm is read by one thread before the first of it gets its time, and
 * answered by it one after the other. With as many milliseconds more for each that comes, their deadlines also spread.
 */
const MARGIN_PER_REVIEW_MS = 3
/** So much of the time is left for look-ups, however many there are. */
const MOST_MARGIN_SHARE = 0.5

/** The configured deadline, but never past what the API server allows less a margin, and less what has already passed. */
export function reviewBudget(input: {
  deadlineMs: number
  apiTimeoutMs: number | null
  elapsedMs: number
  /** Other reviews that are being judged. */
  others: number
}): ReviewBudget {
  const allowedMs = input.apiTimeoutMs ?? DEFAULT_API_TIMEOUT_MS
  const marginMs = Math.max(
    LEAST_MARGIN_MS,
    allowedMs * MARGIN_SHARE,
    Math.min(
      LEAST_MARGIN_MS + input.others * MARGIN_PER_REVIEW_MS,
      allowedMs * MOST_MARGIN_SHARE,
    ),
  )
  const latestMs = allowedMs - marginMs - input.elapsedMs
  const lookUpsMs = Math.max(0, Math.min(input.deadlineMs, latestMs))
  // Where the time is nearly over before the review was read, half a margin more would be too late.
  const lastMs = Math.max(0, allowedMs - marginMs / 2 - input.elapsedMs)
  return { lookUpsMs, answerMs: Math.min(lookUpsMs + marginMs / 2, lastMs) }
}
