import { spawn, spawnSync } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Served {
  port: number
  metricsPort: number
  stop(): void
}

interface Line {
  msg?: string
  address?: { port: number }
  metricsAddress?: { port: number }
}

const hasTaskset = spawnSync('taskset', ['--version']).status === 0

/** The server under test and the one that loads it get a core each, where the system has taskset. */
function pinned(core: number, args: readonly string[]): [string, string[]] {
  const { execPath } = process
  return hasTaskset
    ? ['taskset', ['-c', String(core), execPath, ...args]]
    : [execPath, [...args]]
}

/** Starts a server whose log goes to a file, as it would in a container, and waits until it says where it serves. */
export async function startServed(
  args: readonly string[],
  logFile: string,
): Promise<Served> {
  const [command, rest] = pinned(0, args)
  const child = spawn(command, rest, {
    stdio: ['ignore', openSync(logFile, 'w'), 'inherit'],
    env: { PATH: process.env.PATH },
  })
  for (let attempt = 0; attempt < 300; attempt++) {
    const line = readFileSync(logFile, 'utf8')
      .split('\n')
      .find((each) => each.includes('"serving"'))
    if (line !== undefined) {
      const { address, metricsAddress } = JSON.parse(line) as Line
      const stop = (): void => void child.kill('SIGKILL')
      return { port: address?.port ?? 0, metricsPort: metricsAddress?.port ?? 0, stop }
    }
    await sleep(100)
  }
  child.kill('SIGKILL')
  throw new Error(`${args.join(' ')} does not serve`)
}

/** Runs a script to its end on the other core; what it printed. */
export async function runOn(core: number, args: readonly string[]): Promise<string> {
  const [command, rest] = pinned(core, args)
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${String(code)}`)
  return output
}
