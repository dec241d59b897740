import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pairsOf, readStages } from '../test/image/read-dockerfile.ts'

/** A server in a process of its own. */
export interface Served {
  port: number
  metricsPort: number
  /** From its start until it took connections, in milliseconds. */
  startMs: number
  /** User and system time so far, in milliseconds; 0 where there is no /proc. */
  cpuMs(): number
  /** Resident memory now, in MiB; 0 where there is no /proc. */
  rssMib(): number
  signal(name: NodeJS.Signals): void
  /** Kills it. */
  stop(): void
  /** Sends SIGTERM and waits for its end, and so for what it writes then. */
  finish(): Promise<void>
}

/** What runs now. All of it ends with the bench, however that ends. */
const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => process.exit(1))

function registered<Child extends ChildProcess>(child: Child): Child {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

const hasTaskset = spawnSync('taskset', ['--version']).status === 0
const START_ATTEMPTS = 4_500
const ATTEMPT_EVERY_MS = 20
/** A server that does not end by itself in this time is killed. */
const FINISH_MS = 20_000
/** How the image starts its program: the environment, and Node's own arguments. */
export const imageStart = readImageStart()
/** Of the Node that the image ships, such as `24`; null where its name does not tell. */
export const imageNodeMajor = readImageNodeMajor()
/** USER_HZ of every Linux that Node runs on. */
const TICK_MS = 10

/** The server under test and the one that loads it are kept to cores, where the system has taskset. */
function pinned(cores: string, args: readonly string[]): [string, string[]] {
  const { execPath } = process
  return hasTaskset
    ? ['taskset', ['-c', cores, execPath, ...args]]
    : [execPath, [...args]]
}

function readImageStart(): { env: Record<string, string>; nodeArguments: string[] } {
  const instructions = readStages().at(-1)?.instructions ?? []
  const find = (name: string) => instructions.find((each) => each.name === name)
  const [, ...words] = find('ENTRYPOINT')?.words ?? []
  return {
    env: pairsOf(find('ENV')?.text ?? ''),
    nodeArguments: words.filter((word) => word.startsWith('--')),
  }
}

function readImageNodeMajor(): string | null {
  return /nodejs(\d+)/.exec(readStages().at(-1)?.image ?? '')?.[1] ?? null
}

/**
 * `one` is the first core, for everything of a server; `all` also gives it that of the load, where V8's helpers (its compiler and its
 * collector) have room, as in a container without a limit.
 */
export type Cores = 'one' | 'all'

export interface Start {
  args: readonly string[]
  /** Where its log goes, as it would in a container. */
  logFile: string
  port: number
  metricsPort?: number
  env?: Readonly<Record<string, string>>
  cores?: Cores
}

/** Starts a server and waits until it takes connections. */
export async function startServed(start: Start): Promise<Served> {
  const { args, logFile, port, metricsPort = 0, env, cores = 'one' } = start
  const all = `0-${availableParallelism() - 1}`
  const [command, rest] = pinned(cores === 'one' ? '0' : all, args)
  const log = openSync(logFile, 'w')
  const startedMs = performance.now()
  const child = registered(
    spawn(command, rest, {
      stdio: ['ignore', log, 'inherit'],
      env: {
        ...imageStart.env,
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: join(tmpdir(), 'pullgate-bench-compile-cache'),
        ...env,
      },
    }),
  )
  closeSync(log)
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    if (await takesConnections(port)) {
      const startMs = performance.now() - startedMs
      return served(child, { port, metricsPort, startMs })
    }
    if (child.exitCode !== null || child.signalCode !== null) break
    await sleep(ATTEMPT_EVERY_MS)
  }
  child.kill('SIGKILL')
  throw new Error(`${args.join(' ')} does not serve: ${readFileSync(logFile, 'utf8')}`)
}

function served(
  child: ChildProcess,
  known: Pick<Served, 'port' | 'metricsPort' | 'startMs'>,
): Served {
  const read = (name: string): string =>
    existsSync(`/proc/${child.pid}/${name}`)
      ? readFileSync(`/proc/${child.pid}/${name}`, 'utf8')
      : ''
  return {
    ...known,
    cpuMs() {
      // After the name, which may hold anything, come state and eleven numbers before utime and stime (man 5 proc).
      const [, fields = ''] = read('stat').split(') ')
      const [utime = 0, stime = 0] = fields.split(' ').slice(11, 13).map(Number)
      return (utime + stime) * TICK_MS
    },
    rssMib: () => Number(/VmRSS:\s+(\d+)/.exec(read('status'))?.[1] ?? 0) / 1024,
    signal: (name) => void child.kill(name),
    stop: () => void child.kill('SIGKILL'),
    async finish() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const impatience = setTimeout(() => child.kill('SIGKILL'), FINISH_MS)
      await ended
      clearTimeout(impatience)
    },
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return isOpen
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs a script to its end on the other core; what it printed. */
export async function runOn(core: number, args: readonly string[]): Promise<string> {
  const [command, rest] = pinned(String(core), args)
  return runProgram(command, rest)
}

/** Runs a program to its end; what it printed. Throws where it fails. */
export async function runProgram(
  command: string,
  args: readonly string[],
): Promise<string> {
  const child = registered(spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] }))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}`)
  return output
}
