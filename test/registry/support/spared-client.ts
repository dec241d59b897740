import type { Test } from 'tap'
import type { GentleLimits } from '../../../src/registry/gentle-transport.ts'
import { createOriginHealth } from '../../../src/registry/origin-health.ts'
import { silentObserver } from '../../../src/registry/registry-observer.ts'
import type { SparingLimits } from '../../../src/registry/spared-origin.ts'
import type { HttpAnswer, HttpRequest } from '../../../src/registry/transport.ts'
import { clientOf, endpointOf, requestFor } from './client-of.ts'
import { serveManifest } from './scripted-registry.ts'
import type { Script } from './scripted-registry.ts'
import { defaultLimits, sparedTransport } from './spared-transport.ts'

export const found: Script = (request, response) =>
  serveManifest(request, response, {
    body: '{"schemaVersion":2}',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
  })

export type SparedClientLimits = GentleLimits & SparingLimits

/** The real transport, spared, with a clock that is set by hand; `intercept` stands for hosts that cannot be served here. */
export function sparedClient(
  t: Test,
  changed: Partial<SparedClientLimits> = {},
  intercept?: (request: HttpRequest) => HttpAnswer | null,
) {
  const limits: SparedClientLimits = { ...defaultLimits, failures: 3, ...changed }
  const clock = { nowMs: 0 }
  const now = (): number => clock.nowMs
  const told: unknown[] = []
  const spared: string[] = []
  const observer = {
    ...silentObserver,
    breaker: ({ state }: { state: string }) => told.push(state),
    queue: ({ depth }: { depth: number }) => told.push(depth),
    paused: ({ untilMs }: { untilMs: number }) => told.push(`until ${untilMs}`),
    spared: ({ reason }: { reason: string }) => spared.push(reason),
    neverReached: () => told.push('never reached'),
  }
  const health = createOriginHealth({ limits, observer, now, wallClock: () => 0 })

  function connect(more: Partial<GentleLimits> = {}) {
    const { transport, sent } = sparedTransport(t, {
      limits: { ...limits, ...more },
      observer,
      now,
      health,
      intercept,
    })
    const clients = new Map<string, ReturnType<typeof clientOf>>()
    const look = (baseUrl: string, tag = '1.0', signal?: AbortSignal) => {
      const client =
        clients.get(baseUrl) ?? clientOf([endpointOf(baseUrl)], { transport })
      clients.set(baseUrl, client)
      return client.lookup(requestFor(tag, null, signal ? { signal } : {}))
    }
    return { sent, look }
  }

  /** `connect`: another client, as after a change of the configuration. */
  return { clock, told, spared, ...connect(), connect }
}
