export type ReadyState = { ready: true } | { ready: false; reason: string }

/** Whether this process should be sent reviews. An outage of a registry is no reason to say no. */
export interface Readiness {
  state(): ReadyState
  /** The reason not to be ready that goes by this name; null takes it back. */
  set(name: string, reason: string | null): void
  /** A reason that is asked for whenever somebody wants to know. */
  watch(name: string, reason: () => string | null): void
}

/** Ready as long as nobody has a reason against it. */
export function createReadiness(initial: Record<string, string> = {}): Readiness {
  const reasons = new Map<string, string>(Object.entries(initial))
  const watched = new Map<string, () => string | null>()
  return {
    state() {
      const all = [
        ...reasons.values(),
        ...[...watched.values()].flatMap((ask) => ask() ?? []),
      ]
      return all.length === 0 ? { ready: true } : { ready: false, reason: all.join('; ') }
    },
    watch: (name, reason) => void watched.set(name, reason),
    set(name, reason) {
      if (reason === null) reasons.delete(name)
      else reasons.set(name, reason)
    },
  }
}
