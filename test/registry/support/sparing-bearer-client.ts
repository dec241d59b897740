import type { Test } from 'tap'
import type { GentleLimits } from '../../../src/registry/gentle-transport.ts'
import { silentObserver } from '../../../src/registry/registry-observer.ts'
import type { RegistryObserver } from '../../../src/registry/registry-observer.ts'
import { client } from './bearer-registry.ts'
import type { ScriptedRegistry } from './scripted-registry.ts'
import { defaultLimits, sparedTransport } from './spared-transport.ts'

interface Sparing {
  limits?: Partial<GentleLimits>
  observer?: Partial<RegistryObserver>
  now?: () => number
}

/** A client of one registry, with its accounts, that spares it, by a clock that stands still unless given. */
export function sparingBearerClient(
  t: Test,
  registry: ScriptedRegistry,
  { limits, observer: told, now = () => 0 }: Sparing = {},
) {
  const observer = { ...silentObserver, ...told }
  const { transport } = sparedTransport(t, {
    limits: { ...defaultLimits, ...limits },
    observer,
    now,
  })
  return client(registry, { transport, observer, now })
}
