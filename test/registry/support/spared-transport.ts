import type { Test } from 'tap'
import {
  createGentleTransport,
  gentleLimits,
} from '../../../src/registry/gentle-transport.ts'
import type { GentleLimits } from '../../../src/registry/gentle-transport.ts'
import {
  createOriginHealth,
  defaultSparingLimits,
} from '../../../src/registry/origin-health.ts'
import type { OriginHealth } from '../../../src/registry/origin-health.ts'
import type { RegistryObserver } from '../../../src/registry/registry-observer.ts'
import type { SparingLimits } from '../../../src/registry/spared-origin.ts'
import type { HttpAnswer, HttpRequest } from '../../../src/registry/transport.ts'
import { tappedTransport } from './tapped-transport.ts'

export const LOOKUP_TIMEOUT_MS = 8_000
export const defaultLimits = {
  ...gentleLimits(LOOKUP_TIMEOUT_MS),
  ...defaultSparingLimits,
}

export interface SparedTransportOptions {
  limits: GentleLimits & SparingLimits
  observer: RegistryObserver
  now: () => number
  /** What is known of registries already; nothing unless given. */
  health?: OriginHealth
  intercept?: ((request: HttpRequest) => HttpAnswer | null) | undefined
}

/** The real transport that spares its registries, and what it sent. */
export function sparedTransport(
  t: Test,
  { limits, observer, now, health, intercept }: SparedTransportOptions,
) {
  const direct = tappedTransport(intercept)
  const transport = createGentleTransport({
    transport: direct,
    limits,
    health: health ?? createOriginHealth({ limits, observer, now, wallClock: () => 0 }),
    observer,
    now,
  })
  t.teardown(() => transport.close())
  return { transport, sent: direct.sent }
}
