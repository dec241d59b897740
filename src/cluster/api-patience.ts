/** How a client goes on asking an API server that wants to be left alone for a moment. */
export interface Patience {
  /** Ends early when the signal fires; never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  signal: AbortSignal
}

/** Why an answer is worth another request: the server said when, or the connection broke before it answered. */
export type Again = { after: 'pause'; ms: number } | { after: 'reset' }

/** As many as client-go sends. */
const MAX_REQUESTS = 10

/** Of all pauses of one call: priority and fairness of an API server asks for a second at a time. */
const MAX_PAUSES_MS = 30_000

/** As client-go: 429 and faults of the server, where it says after how many seconds. */
export function againAfter(status: number, retryAfter: unknown): Again | null {
  if (status !== 429 && status < 500) return null
  if (typeof retryAfter !== 'string' || !/^\d{1,9}$/.test(retryAfter)) return null
  return { after: 'pause', ms: Number(retryAfter) * 1000 }
}

const RESET: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** A kept connection may be closed at the other end while a request is under way. */
export function againAtOnce(code: string | null): Again | null {
  return code !== null && RESET.has(code) ? { after: 'reset' } : null
}

/** Asks until the answer is final, or patience ends: then the last one counts. */
export async function patiently<T>(
  ask: () => Promise<{ answer: T; again: Again | null }>,
  patience: Patience,
): Promise<T> {
  const { signal } = patience
  let pausesMs = 0
  let resets = 0
  for (let request = 1; ; request += 1) {
    const { answer, again } = await ask()
    if (again === null || request === MAX_REQUESTS || signal.aborted) return answer
    if (again.after === 'reset') {
      resets += 1
      if (resets > 1) return answer
      continue
    }
    pausesMs += again.ms
    if (pausesMs > MAX_PAUSES_MS) return answer
    await patience.wait(again.ms, signal)
    if (signal.aborted) return answer
  }
}
