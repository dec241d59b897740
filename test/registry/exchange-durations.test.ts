import { test } from 'tap'
import {
  createGentleTransport,
  defaultGentleLimits,
} from '../../src/registry/gentle-transport.ts'
import { createReachedHosts } from '../../src/registry/reached-hosts.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import { found } from './support/bearer-registry.ts'
import { clientOf, endpointOf, requestFor } from './support/client-of.ts'
import { scriptedRegistry } from './support/scripted-registry.ts'
import { tappedTransport } from './support/tapped-transport.ts'

await test('the duration of an exchange is without the wait for its turn', async (t) => {
  let nowMs = 0
  const now = (): number => nowMs
  const depths: number[] = []
  const durations: number[] = []
  const held: (() => void)[] = []
  const registry = await scriptedRegistry(t, (request, response, attempt) => {
    if (attempt > 1) return found(request, response)
    held.push(() => found(request, response))
  })
  const observer = {
    ...silentObserver,
    queue: ({ depth }: { depth: number }) => depths.push(depth),
    request: ({ durationMs }: { durationMs: number }) => durations.push(durationMs),
  }
  const transport = createGentleTransport({
    transport: tappedTransport(),
    limits: { ...defaultGentleLimits, atATime: 1 },
    observer,
    reached: createReachedHosts(),
    now,
    wallClock: () => 0,
  })
  t.teardown(() => transport.close())
  const client = clientOf([endpointOf(registry.baseUrl)], { transport, observer, now })

  const both = ['1.0', '2.0'].map((tag) => client.lookup(requestFor(tag)))
  while (held.length === 0 || depths.at(-1) !== 1) await new Promise(setImmediate)
  nowMs += 5_000
  for (const answer of held) answer()

  for (const result of await Promise.all(both)) t.equal(result.outcome, 'found')
  t.same(durations, [5_000, 0])
})
