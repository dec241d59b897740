import { createBoundedCache } from '../cache/bounded-cache.ts'
import { shownHost } from './exchange.ts'
import { createReachedHosts } from './reached-hosts.ts'
import { createSparedOrigin } from './spared-origin.ts'
import type { SparedOrigin, SparingLimits, SparingOptions } from './spared-origin.ts'

/** What is known of the health of origins for as long as the process lives, whatever the configuration becomes meanwhile. */
export interface OriginHealth {
  of(url: URL): SparedOrigin
}

export type OriginHealthOptions = Omit<SparingOptions, 'reached'>

export const defaultSparingLimits: SparingLimits = {
  failures: 5,
  intervalMs: 10_000,
  maxPauseMs: 60_000,
}

/** Names come from images, so there may be any number. */
const MAX_ORIGINS = 1_000
const MAX_BYTES = 1_048_576

export function createOriginHealth(options: OriginHealthOptions): OriginHealth {
  const origins = createBoundedCache<SparedOrigin>({
    maxEntries: MAX_ORIGINS,
    maxBytes: MAX_BYTES,
    sizeOf: () => 0,
  })
  // Kept for longer than the rest: it decides what an operator is told.
  const reached = createReachedHosts()
  return {
    of(url) {
      const { origin } = url
      const known = origins.get(origin)
      if (known !== undefined) return known
      const made = createSparedOrigin(shownHost(url), { ...options, reached })
      origins.set(origin, made)
      return made
    },
  }
}

/** By the clocks of the process and the usual limits. */
export function originHealthOfProcess(
  observer: OriginHealthOptions['observer'],
): OriginHealth {
  return createOriginHealth({
    limits: defaultSparingLimits,
    observer,
    now: () => performance.now(),
    wallClock: Date.now,
  })
}
