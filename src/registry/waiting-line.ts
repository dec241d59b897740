/** So many at a time, so many waiting behind them, first come first served. */
export interface WaitingLine {
  /** `turn`: call `leave` once afterwards. `full`: nobody can wait any more. `interrupted`: the signal fired first. */
  enter(signal: AbortSignal): Promise<'turn' | 'full' | 'interrupted'>
  leave(): void
  /** How many wait. */
  depth(): number
  /** Nobody has a turn or waits for one. */
  isIdle(): boolean
}

export interface WaitingLineOptions {
  atATime: number
  maxWaiting: number
  onDepth: (depth: number) => void
}

export function createWaitingLine({
  atATime,
  maxWaiting,
  onDepth,
}: WaitingLineOptions): WaitingLine {
  // A Set keeps the order, and whoever gives up leaves from its middle.
  const waiting = new Set<() => void>()
  let running = 0

  function wait(signal: AbortSignal): Promise<'turn' | 'interrupted'> {
    const { promise, resolve } = Promise.withResolvers<'turn' | 'interrupted'>()
    const called = (): void => {
      signal.removeEventListener('abort', givenUp)
      resolve('turn')
    }
    const givenUp = (): void => {
      waiting.delete(called)
      onDepth(waiting.size)
      resolve('interrupted')
    }
    signal.addEventListener('abort', givenUp, { once: true })
    waiting.add(called)
    onDepth(waiting.size)
    return promise
  }

  return {
    async enter(signal) {
      if (signal.aborted) return 'interrupted'
      if (running < atATime) {
        running++
        return 'turn'
      }
      return waiting.size < maxWaiting ? wait(signal) : 'full'
    },
    leave() {
      const [next] = waiting
      if (next === undefined) {
        running--
        return
      }
      // Whoever ends hands its place over.
      waiting.delete(next)
      onDepth(waiting.size)
      next()
    },
    depth: () => waiting.size,
    isIdle: () => running === 0 && waiting.size === 0,
  }
}
