/** A signal that somebody has to let go of. */
export interface DeadlineSignal {
  signal: AbortSignal
  /** Ends the clock, and lets go of the signal that it followed. */
  clear: () => void
}

/**
 * Fires with another signal or after so many milliseconds. For signals by the thousand: what AbortSignal.any and AbortSignal.timeout
 * make stays in memory until it is collected, and collecting it takes a tenth of the time of an audit.
 */
export function deadlineSignal(followed: AbortSignal, timeoutMs: number): DeadlineSignal {
  const controller = new AbortController()
  const follow = (): void => controller.abort(followed.reason)
  const end = (): void =>
    controller.abort(new DOMException('the time is over', 'TimeoutError'))
  const timer = setTimeout(end, timeoutMs).unref()
  followed.addEventListener('abort', follow, { once: true })
  if (followed.aborted) follow()
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer)
      followed.removeEventListener('abort', follow)
    },
  }
}
