const LATE = Symbol('late')

/** As valueBefore, with milliseconds from now in the place of a signal; none left is a wait that ends at once. */
export async function valueWithin<T, Late>(
  ms: number,
  promise: Promise<T>,
  fallback: () => Late,
): Promise<T | Late> {
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>()
  const timer = setTimeout(resolve, Math.max(0, ms), LATE)
  try {
    const first = await Promise.race([promise, late])
    return first === LATE ? fallback() : first
  } finally {
    clearTimeout(timer)
  }
}
