/** A part of the time that a signal leaves, for what must not use it up. */
export interface ShareOfTime {
  /** Fires when the share is used up, or with the whole. */
  signal: AbortSignal
  /** Lets go of the timer and of the whole's signal. After it the signal does not fire any more. */
  end(): void
}

/** `shareMs` null: all of it. */
export function startShare(whole: AbortSignal, shareMs: number | null): ShareOfTime {
  if (shareMs === null || whole.aborted) return { signal: whole, end() {} }
  const share = new AbortController()
  const usedUp = (): void => share.abort()
  const timer = setTimeout(usedUp, shareMs)
  whole.addEventListener('abort', usedUp, { once: true })
  return {
    signal: share.signal,
    end() {
      clearTimeout(timer)
      whole.removeEventListener('abort', usedUp)
    },
  }
}
