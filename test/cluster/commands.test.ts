import t from 'tap'
import { whyMissing } from '../support/missing-parts.ts'
import { findBinaries } from './binaries.ts'
import { checking } from './cases/checking.ts'
import { explaining } from './cases/explaining.ts'
import { presync } from './cases/presync.ts'
import { createCommandWorld } from './command-world.ts'

// `explain` and `check --cluster` against a real API server and controllers, and a registry that asks for a password.

/** A first run builds Kubernetes. */
const TIMEOUT_MS = 1_800_000
const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`)

t.setTimeout(TIMEOUT_MS)
const missing = whyMissing('docker-registry')
const binaries =
  missing === null ? await findBinaries({ env: process.env, log: say }) : { missing }
if ('missing' in binaries) {
  say(binaries.missing)
  if (process.env.PULLGATE_REQUIRE_PARTS === '1') t.fail(binaries.missing)
  else t.plan(0, binaries.missing)
} else {
  const world = await createCommandWorld(t, binaries)
  await t.test('explain', (t) => explaining(t, world))
  await t.test('check --cluster', (t) => checking(t, world))
  await t.test('the example for Argo CD', (t) => presync(t, world))
}
