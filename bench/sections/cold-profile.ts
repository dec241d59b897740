import { costOf, profileInto, readProfile, sayProfiles } from '../cpu-profile.ts'
import type { Profiled } from '../cpu-profile.ts'
import type { Page } from '../page.ts'
import { createSender } from '../reviews.ts'
import type { World } from '../world.ts'
import { DELAY_MS, node, startRegistries, warmUp } from './cold-cases.ts'
import type { Case } from './cold-cases.ts'

/** Reviews that are profiled, and those before them, for the compiler. */
const RUNS = 50
const FIRST_RUNS = 30

export interface MissedCase {
  missed: Case
  /** Of a review, by the table. */
  tookMs: number
}

/** For each case that misses its goal where its time goes, by a profile of its own. */
export async function sayWhere(
  page: Page,
  world: World,
  cases: readonly MissedCase[],
): Promise<void> {
  if (cases.length === 0) return
  const profiles: Profiled[] = []
  page.say(
    'Where the time of each goal of time that is missed goes, beside the round trips, by a CPU profile of a server of its own; the rest it waits, for a processor or for the bench, which is client and registries in one process.',
  )
  page.say()
  for (const { missed, tookMs } of cases) {
    const profiled = await profileOf(world, missed)
    profiles.push(profiled)
    const beyondMs = tookMs - missed.ideal * DELAY_MS
    page.say(
      `- ${missed.name}: ${beyondMs.toFixed(1)} ms more than ${missed.ideal} round trip(s); the thread of the server is at work ${(costOf(profiled) * 1000).toFixed(1)} ms of a review.`,
    )
  }
  page.say()
  sayProfiles(page, profiles)
}

async function profileOf(world: World, missed: Case): Promise<Profiled> {
  const { name } = missed
  const directory = world.file(`profile of ${name}`)
  const { mapped, imagesOf } = await startRegistries(world, [missed], FIRST_RUNS + RUNS)
  const webhook = await world.startWebhook({
    registries: mapped,
    cluster: [node()],
    nodeArguments: await profileInto(directory),
  })
  const { send, close } = createSender(webhook.port, world.ca)
  await warmUp(send)
  for (let run = 0; run < FIRST_RUNS; run++) await send(imagesOf(missed, run))
  const sinceMs = performance.now()
  for (let run = 0; run < RUNS; run++) await send(imagesOf(missed, FIRST_RUNS + run))
  const lastSeconds = (performance.now() - sinceMs) / 1000
  await close()
  await webhook.finish()
  return { name, profile: await readProfile(directory, { lastSeconds }), pieces: RUNS }
}
