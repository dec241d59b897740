import type { Test } from 'tap'
import {
  createGentleTransport,
  gentleLimits,
} from '../../../src/registry/gentle-transport.ts'
import type { GentleLimits } from '../../../src/registry/gentle-transport.ts'
import { createReachedHosts } from '../../../src/registry/reached-hosts.ts'
import type { HttpAnswer, HttpRequest } from '../../../src/registry/transport.ts'
import { clientOf, endpointOf, requestFor } from './client-of.ts'
import { serveManifest } from './scripted-registry.ts'
import type { Script } from './scripted-registry.ts'
import { tappedTransport } from './tapped-transport.ts'

export const LOOKUP_TIMEOUT_MS = 8_000
export const defaultGentleLimits = gentleLimits(LOOKUP_TIMEOUT_MS)

export const found: Script = (request, response) =>
  serveManifest(request, response, {
    body: '{"schemaVersion":2}',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
  })

/** The real transport, spared, with a clock that is set by hand; `intercept` stands for hosts that cannot be served here. */
export function sparedClient(
  t: Test,
  limits: Partial<GentleLimits> = {},
  intercept?: (request: HttpRequest) => HttpAnswer | null,
  reached = createReachedHosts(),
) {
  const clock = { nowMs: 0 }
  const told: unknown[] = []
  const spared: string[] = []
  const direct = tappedTransport(intercept)
  const transport = createGentleTransport({
    transport: direct,
    limits: { ...defaultGentleLimits, failures: 3, ...limits },
    observer: {
      breaker: ({ state }) => told.push(state),
      queue: ({ depth }) => told.push(depth),
      paused: ({ untilMs }) => told.push(`until ${untilMs}`),
      spared: ({ reason }) => spared.push(reason),
      neverReached: () => told.push('never reached'),
    },
    reached,
    now: () => clock.nowMs,
    wallClock: () => 0,
  })
  t.teardown(() => transport.close())
  const clients = new Map<string, ReturnType<typeof clientOf>>()
  const look = (baseUrl: string, tag = '1.0', signal?: AbortSignal) => {
    const client = clients.get(baseUrl) ?? clientOf([endpointOf(baseUrl)], { transport })
    clients.set(baseUrl, client)
    return client.lookup(requestFor(tag, null, signal ? { signal } : {}))
  }
  return { clock, told, spared, sent: direct.sent, transport, look }
}
