import type { Test } from 'tap'
import {
  createGentleTransport,
  defaultGentleLimits,
} from '../../../src/registry/gentle-transport.ts'
import type { GentleLimits } from '../../../src/registry/gentle-transport.ts'
import { createReachedHosts } from '../../../src/registry/reached-hosts.ts'
import { silentObserver } from '../../../src/registry/registry-observer.ts'
import type { RegistryObserver } from '../../../src/registry/registry-observer.ts'
import { client } from './bearer-registry.ts'
import type { ScriptedRegistry } from './scripted-registry.ts'
import { tappedTransport } from './tapped-transport.ts'

interface Sparing {
  limits?: Partial<GentleLimits>
  observer?: Partial<RegistryObserver>
  now?: () => number
}

/** A client of one registry that spares it, by a clock that stands still unless given. */
export function sparedClient(
  t: Test,
  registry: ScriptedRegistry,
  { limits, observer, now = () => 0 }: Sparing = {},
) {
  const told = { ...silentObserver, ...observer }
  const transport = createGentleTransport({
    transport: tappedTransport(),
    limits: { ...defaultGentleLimits, ...limits },
    observer: told,
    reached: createReachedHosts(),
    now,
    wallClock: () => 0,
  })
  t.teardown(() => transport.close())
  return client(registry, { transport, observer: told, now })
}
