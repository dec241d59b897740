export type ReadyState = { ready: true } | { ready: false; reason: string }

/** Whether this process should be sent reviews. An outage of a registry is no reason to say no. */
export interface Readiness {
  state(): ReadyState
  /** The reason not to be ready that goes by this name; null takes it back. */
  set(name: string, reason: string | null): void
}

/** Ready as long as nobody has a reason against it. */
export function createReadiness(initial: Record<string, string> = {}): Readiness {
  const reasons = new Map<string, string>(Object.entries(initial))
  return {
    state() {
      if (reasons.size === 0) return { ready: true }
      return { ready: false, reason: [...reasons.values()].join('; ') }
    },
    set(name, reason) {
      if (reason === null) reasons.delete(name)
      else reasons.set(name, reason)
    },
  }
}
