import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { costOf, profileInto, readProfile, sayProfiles } from '../../bench/cpu-profile.ts'
import { createPage } from '../../bench/page.ts'
import { createWorld } from '../../bench/world.ts'

// How the bench tells where time goes: by profiles that Node writes, of the work that was counted.

const SECOND = 1_000_000
const ours = { functionName: 'judge', url: 'file:///app/src/prediction/judge.ts' }
const idle = { functionName: '(idle)', url: '' }
const compiler = { functionName: 'link', url: 'node:internal/modules/esm/loader' }

/** As `--cpu-prof` writes it: who ran at each sample, and for how long. */
const written = {
  nodes: [compiler, idle, ours].map((callFrame, id) => ({ id, callFrame })),
  samples: [0, 1, 2, 1],
  timeDeltas: [3 * SECOND, SECOND, SECOND, SECOND],
}

t.test('a profile is of the last seconds, and of the time that was worked', async (t) => {
  const directory = join(t.testdir(), 'profile')
  await profileInto(directory)
  await writeFile(join(directory, 'CPU.cpuprofile'), JSON.stringify(written))

  const whole = await readProfile(directory)
  t.equal(whole.seconds, 6)
  t.strictSame(Object.fromEntries(whole.parts), {
    'loading of modules': 3,
    'src/prediction': 1,
  })

  const last = await readProfile(directory, { lastSeconds: 3 })
  t.equal(last.seconds, 3)
  t.equal(last.busySeconds, 1)
  t.equal(costOf({ name: '', profile: last, pieces: 4 }), 0.25)
})

const profileOf = (parts: [string, number][]) => ({
  seconds: 10,
  busySeconds: parts.reduce((sum, [, seconds]) => sum + seconds, 0),
  parts: new Map(parts),
})

t.test('profiles of unequal load compare by what one piece of work costs', async (t) => {
  const page = createPage(() => {})
  const bare = profileOf([['TLS', 8]])
  const pullgate = profileOf([
    ['src/prediction', 2],
    ['TLS', 6],
  ])
  sayProfiles(page, [
    { name: 'bare server', profile: bare, pieces: 80_000 },
    { name: 'Pullgate', profile: pullgate, pieces: 20_000 },
  ])

  t.strictSame(page.text().trim().split('\n'), [
    '| Part | bare server | Pullgate |',
    '| --- | --- | --- |',
    '| TLS | 100 µs (100.0 %) | 300 µs (75.0 %) |',
    '| src/prediction | 0 µs (0.0 %) | 100 µs (25.0 %) |',
    '| together | 100 µs (100.0 %) | 400 µs (100.0 %) |',
  ])
})

t.test('the bare server leaves a profile to compare with', async (t) => {
  const world = await createWorld()
  t.teardown(() => world.end())
  const directory = world.file('profile')
  const bare = await world.startBare({ nodeArguments: await profileInto(directory) })
  await bare.finish()

  t.not((await readProfile(directory)).busySeconds, 0)
})
