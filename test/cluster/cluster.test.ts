import t from 'tap'
import { findBinaries } from './binaries.ts'
import { availability } from './cases/availability.ts'
import { installed, monitored, uninstalling, upgrading } from './cases/installing.ts'
import { mutating } from './cases/mutating.ts'
import { applying } from './cases/applying.ts'
import { placing } from './cases/placing.ts'
import { changing } from './cases/changing.ts'
import { credentials } from './cases/credentials.ts'
import { createWorld } from './world.ts'

/** A first run builds Kubernetes. */
const TIMEOUT_MS = 1_800_000
const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`)

t.setTimeout(TIMEOUT_MS)
const binaries = await findBinaries({ env: process.env, log: say })
if ('missing' in binaries) {
  say(binaries.missing)
  if (process.env.PULLGATE_REQUIRE_PARTS === '1') t.fail(binaries.missing)
  else t.plan(0, binaries.missing)
} else {
  const world = await createWorld(t, binaries)
  installed(t, world)
  monitored(t, world)
  applying(t, world)
  credentials(t, world)
  placing(t, world)
  changing(t, world)
  mutating(t, world)
  availability(t, world)
  upgrading(t, world)
  uninstalling(t, world)
}
