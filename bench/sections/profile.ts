import { costOf, profileInto, readProfile, sayProfiles } from '../cpu-profile.ts'
import type { Profiled } from '../cpu-profile.ts'
import type { Page } from '../page.ts'
import type { Served } from '../processes.ts'
import type { Mapped, StartOptions, World } from '../world.ts'
import { imagesOf } from './throughput.ts'

/** Of the compiler; after them it is counted. */
const WARM_UP_SECONDS = 15
const SECONDS = 10

/** Where the time of a warm review goes beside that of the bare server, by CPU profiles of V8 under the load of (a). */
export async function profile(page: Page, world: World, quick: Mapped): Promise<void> {
  page.say('## Where the time of a warm review goes (profile of a)')
  page.say()
  page.say(
    'A CPU profile of each server under the load of (a), with the log line on: microseconds of its thread for one review, and their share of its work, by the code that was running itself.',
  )
  page.say()
  const profiles: Profiled[] = []
  const ratios: string[] = []
  for (const images of [1, 10]) {
    const bare = await profiled(world, images, 'bare server', (options) =>
      world.startBare(options),
    )
    const ours = await profiled(world, images, 'Pullgate', (options) =>
      world.startWebhook({ registries: [quick], ...options }),
    )
    profiles.push(bare, ours)
    ratios.push(`${(costOf(bare) / costOf(ours)).toFixed(2)} with ${images} image(s)`)
  }
  sayProfiles(page, profiles)
  page.say(
    `What a review costs the bare server's thread over what it costs Pullgate's: ${ratios.join(', ')}. Profiles cost time too.`,
  )
  page.say()
}

async function profiled(
  world: World,
  images: number,
  server: string,
  start: (options: StartOptions) => Promise<Served>,
): Promise<Profiled> {
  const name = `${server}, ${images} image(s)`
  const directory = world.file(`profile of ${name}`)
  const served = await start({ nodeArguments: await profileInto(directory) })
  await world.load(served, imagesOf(images), { seconds: WARM_UP_SECONDS })
  const sinceMs = performance.now()
  const { sent } = await world.load(served, imagesOf(images), { seconds: SECONDS })
  const lastSeconds = (performance.now() - sinceMs) / 1000
  await served.finish()
  return { name, profile: await readProfile(directory, { lastSeconds }), pieces: sent }
}
