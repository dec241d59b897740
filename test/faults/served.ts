import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import type { Teardown } from '../support/token-server.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const READY_MS = 60_000

export interface ServedOptions {
  /** Of `serve`, without addresses. */
  args: readonly string[]
  /** Where its log goes: a file, or `pipe` for whoever reads `Served.log`. */
  log: string
  /** A command that runs it, such as `unshare -m`, before its own. */
  within?: readonly string[]
  env?: Readonly<Record<string, string>>
}

export interface Served {
  pid: number
  port: number
  /** Where reviews go. */
  url: string
  /** Null unless the log is a pipe. */
  log: Readable | null
  /** Null while it runs. */
  exitCode(): number | null
  stop(): Promise<void>
}

/** A real `pullgate serve`, ready. Its ports are chosen before, since its log may be what fails. */
export async function startServed(t: Teardown, options: ServedOptions): Promise<Served> {
  const [port, metricsPort] = await freePorts()
  const own = [
    process.execPath,
    MAIN,
    'serve',
    ...options.args,
    `--listen=127.0.0.1:${port}`,
    `--metrics-listen=127.0.0.1:${metricsPort}`,
    '--drain=0',
  ]
  const [command = '', ...args] = [...(options.within ?? []), ...own]
  const output = options.log === 'pipe' ? 'pipe' : openSync(options.log, 'a')
  const child = spawn(command, args, {
    stdio: ['ignore', output, 'inherit'],
    // Nothing of this machine: no proxy, no kubeconfig.
    env: { PATH: process.env.PATH, ...options.env },
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  async function stop(): Promise<void> {
    process.off('exit', kill)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    // Nobody else reads it to its end.
    child.stdout?.destroy()
    await ended
  }
  t.teardown(stop)
  await untilReady(metricsPort, () => child.exitCode)
  return {
    pid: child.pid ?? 0,
    port,
    url: `https://127.0.0.1:${port}/validate`,
    log: child.stdout,
    exitCode: () => child.exitCode,
    stop,
  }
}

async function untilReady(port: number, exitCode: () => number | null): Promise<void> {
  const late = AbortSignal.timeout(READY_MS)
  while (!late.aborted) {
    if (exitCode() !== null) throw new Error(`serve ended with ${exitCode()}`)
    const status = await request(`http://127.0.0.1:${port}/readyz`, {
      signal: late,
    }).then(
      async ({ statusCode, body }) => (await body.dump(), statusCode),
      () => 0,
    )
    if (status === 200) return
    await sleep(100)
  }
  throw new Error('serve is not ready')
}

/** Held together, so that they differ; given up just before they are taken. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports.push((server.address() as AddressInfo).port)
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  const [first = 0, second = 0] = ports
  return [first, second]
}
