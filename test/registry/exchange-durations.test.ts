import { test } from 'tap'
import { found } from './support/bearer-registry.ts'
import { requestFor } from './support/client-of.ts'
import { scriptedRegistry } from './support/scripted-registry.ts'
import { sparingBearerClient } from './support/sparing-bearer-client.ts'

await test('the duration of an exchange is without the wait for its turn', async (t) => {
  const clock = { nowMs: 0 }
  const depths: number[] = []
  const durations: number[] = []
  const held: (() => void)[] = []
  const registry = await scriptedRegistry(t, (request, response, attempt) => {
    if (attempt > 1) return found(request, response)
    held.push(() => found(request, response))
  })
  const client = sparingBearerClient(t, registry, {
    limits: { atATime: 1 },
    observer: {
      queue: ({ depth }) => depths.push(depth),
      request: ({ durationMs }) => durations.push(durationMs),
    },
    now: () => clock.nowMs,
  })

  const both = ['1.0', '2.0'].map((tag) => client.lookup(requestFor(tag)))
  while (held.length === 0 || depths.at(-1) !== 1) await new Promise(setImmediate)
  clock.nowMs += 5_000
  for (const answer of held) answer()

  for (const result of await Promise.all(both)) t.equal(result.outcome, 'found')
  t.same(durations, [5_000, 0])
})
