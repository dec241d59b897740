import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parse, stringify } from 'yaml'
import { demoConfiguration } from '../../src/demo/demo-configuration.ts'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { startDockerRegistry } from '../support/docker-registry.ts'
import type { Finished } from '../support/pullgate-process.ts'
import { runInProcess } from '../support/run-in-process.ts'
import type { Binaries } from './binaries.ts'
import { startControlPlane, type ControlPlane } from './control-plane.ts'
import { nodeOf, type Login } from './objects.ts'
import { mustRun } from './release.ts'

/** Kept by a real docker-registry that asks for a password. */
export const VAULT = 'vault.acme.test'
export const VAULT_IMAGE = `${VAULT}/team/ledger:3.0`
/** No Pod has this one. */
export const VAULT_NEXT = `${VAULT}/team/ledger:3.1`
export const VAULT_LOGIN: Login = {
  host: VAULT,
  username: 'deployer',
  password: 'correct-horse',
}

/** A cluster without Pullgate in it, as somebody sees it who runs a command against it. */
export interface CommandWorld {
  plane: ControlPlane
  /** Where relative names of files are looked for. */
  directory: string
  /** `pullgate ARGS...` with a configuration that reaches the registries. */
  pullgate(args: readonly string[]): Promise<Finished>
  /** A Namespace with its default service account, and objects in it. */
  namespace(name: string, objects?: readonly object[]): Promise<string>
}

export async function createCommandWorld(
  t: Test,
  binaries: Binaries,
): Promise<CommandWorld> {
  const plane = await startControlPlane(t, binaries)
  const directory = t.testdir({})
  await writeFile(join(directory, 'pullgate.yaml'), await startRegistries(t))
  await mustRun(plane, ['create', '-f', '-'], [nodeOf('node-1'), nodeOf('node-2')])
  for (const name of ['node-1', 'node-2'])
    // What the controller that is not here does once a Node is ready.
    await mustRun(plane, ['taint', 'node', name, 'node.kubernetes.io/not-ready-'])
  return {
    plane,
    directory,
    pullgate: ([command = '', ...args]) =>
      runInProcess([command, '--config', 'pullgate.yaml', ...args], { cwd: directory }),
    async namespace(name, objects = []) {
      await mustRun(plane, ['create', 'namespace', name])
      await mustRun(plane, ['wait', '--for=create', '-n', name, 'sa/default'])
      if (objects.length > 0)
        await mustRun(plane, ['create', '-n', name, '-f', '-'], objects)
      return name
    },
  }
}

/** The demo's registries and a real one; resolves to the configuration that reaches them. */
async function startRegistries(t: Test): Promise<string> {
  const demo = await startDemoRegistry()
  t.teardown(() => demo.close())
  const { username, password } = VAULT_LOGIN
  const vault = await startDockerRegistry(t, {
    auth: { htpasswd: { [username]: password } },
  })
  for (const tag of ['3.0', '3.1']) await vault.push('team/ledger', tag)
  const { registries, ...rest } = parse(demoConfiguration(demo)) as {
    registries: object[]
  }
  const all = [...registries, { host: VAULT, endpoint: vault.url }]
  return stringify({ ...rest, registries: all })
}
