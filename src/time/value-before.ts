const LATE = Symbol('late')

/**
 * The promise's value, or `fallback()` when the signal fires (or has fired) first. The work goes on for others who wait for it;
 * what it brings or throws after that is dropped.
 */
export async function valueBefore<T, Late>(
  signal: AbortSignal,
  promise: Promise<T>,
  fallback: () => Late,
): Promise<T | Late> {
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>()
  const onAbort = (): void => resolve(LATE)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    const first = await Promise.race([promise, late])
    return first === LATE ? fallback() : first
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
