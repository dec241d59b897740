import type { Test } from 'tap'
import { createGentleTransport } from '../../../src/registry/gentle-transport.ts'
import type { GentleLimits } from '../../../src/registry/gentle-transport.ts'
import { createOriginHealth } from '../../../src/registry/origin-health.ts'
import { silentObserver } from '../../../src/registry/registry-observer.ts'
import type { RegistryObserver } from '../../../src/registry/registry-observer.ts'
import { client } from './bearer-registry.ts'
import type { ScriptedRegistry } from './scripted-registry.ts'
import { defaultLimits } from './spared-client.ts'
import { tappedTransport } from './tapped-transport.ts'

interface Sparing {
  limits?: Partial<GentleLimits>
  observer?: Partial<RegistryObserver>
  now?: () => number
}

/** A client of one registry, with its accounts, that spares it, by a clock that stands still unless given. */
export function sparingBearerClient(
  t: Test,
  registry: ScriptedRegistry,
  { limits, observer, now = () => 0 }: Sparing = {},
) {
  const told = { ...silentObserver, ...observer }
  const transport = createGentleTransport({
    transport: tappedTransport(),
    limits: { ...defaultLimits, ...limits },
    health: createOriginHealth({
      limits: defaultLimits,
      observer: told,
      now,
      wallClock: () => 0,
    }),
    observer: told,
    now,
  })
  t.teardown(() => transport.close())
  return client(registry, { transport, observer: told, now })
}
