import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { findProgram } from '../support/missing-parts.ts'
import { startPullgate } from './pullgate.ts'
import type { Scenario } from './scenario.ts'
import { buildWorld } from './world.ts'
import type { Stage } from './world.ts'

const run = promisify(execFile)

/** Asks `skopeo inspect` whether images of open registries are there, and Pullgate the same. */
export async function agreeWithSkopeo(
  t: Test,
  scenarios: readonly Scenario[],
): Promise<void> {
  const program = findProgram('skopeo')
  if (program === null) {
    const line = 'needs skopeo: apt-get install skopeo'
    if (process.env.PULLGATE_REQUIRE_PARTS === '1') t.fail(line)
    else t.comment(line)
    return
  }
  const world = await buildWorld(t, scenarios)
  const ask = await startPullgate(t, world, '2.1.4')
  for (const stage of world.stages) {
    const { action, message } = await ask(stage)
    const isThere = await inspects(program, stage)
    t.equal(action === 'deny', !isThere, `${stage.scenario.name} ${message}`)
  }
}

async function inspects(program: string, { image, url }: Stage): Promise<boolean> {
  // skopeo reads no hosts.toml.
  const address = image.replace(/^[^/]+/, new URL(url).host)
  try {
    const options = ['--raw', '--tls-verify=false', `docker://${address}`]
    await run(program, ['inspect', ...options], { timeout: 20_000 })
    return true
  } catch (error) {
    const text = String(error)
    if (/manifest unknown|name unknown|not found|404/i.test(text)) return false
    throw error
  }
}
