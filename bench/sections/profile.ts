import { profileInto, readProfile, sayProfiles } from '../cpu-profile.ts'
import type { Profile } from '../cpu-profile.ts'
import type { Page } from '../page.ts'
import type { Mapped, World } from '../world.ts'
import { imagesOf } from './throughput.ts'

const SECONDS = 25
/** Start and compiler are not what is looked for. */
const SKIP_SHARE = 0.6

/** Where the time of a warm review goes, by a CPU profile of V8 under the load of (a). */
export async function profile(page: Page, world: World, quick: Mapped): Promise<void> {
  page.say('## Where the time of a warm review goes (profile of a)')
  page.say()
  page.say(
    'A CPU profile of the server under the load of (a); shares of the time that it was busy, by the code that was running itself.',
  )
  page.say()
  const profiles: { name: string; profile: Profile }[] = []
  for (const images of [1, 10])
    profiles.push({
      name: `${images} image(s)`,
      profile: await profileOf(world, quick, images),
    })
  sayProfiles(page, profiles)
}

async function profileOf(world: World, quick: Mapped, images: number): Promise<Profile> {
  const directory = world.file(`profile-${images}`)
  const nodeArguments = await profileInto(directory)
  const served = await world.startWebhook({ registries: [quick], nodeArguments })
  await world.load(served, imagesOf(images), { seconds: SECONDS })
  await served.finish()
  return readProfile(directory, { skipShare: SKIP_SHARE })
}
