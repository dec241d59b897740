import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Teardown } from './token-server.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  /** Written to standard input, which is empty otherwise. */
  input?: string
  cwd?: string
}

/** What only a run as a process of its own can be given: open files in the place of our pipes. */
export interface ProcessOptions extends RunOptions {
  stdout?: number
  stderr?: number
}

/** What only a run inside this process can be given. */
export interface InProcessOptions extends RunOptions {
  env?: Readonly<Record<string, string>>
  /** Standard output is a terminal of so many columns. */
  terminal?: number
  signal?: AbortSignal
}

/** Runs `pullgate ARGS...` from the checkout, as a process of its own, to its end. */
export async function runPullgate(
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<Finished> {
  const child = start(args, options)
  const output = collect(child)
  const ended = end(child)
  child.stdin?.end(options.input ?? '')
  return { code: await ended, ...output }
}

export interface RunningPullgate {
  /** Resolves with the first JSON line of standard output, past or to come, that fits. Rejects when the process ends first. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>
  signal(name: NodeJS.Signals): void
  /** Resolves when standard output holds it. Rejects when the process ends first. */
  output(pattern: RegExp): Promise<void>
  /** As a reader that goes away. */
  closeOutput(): void
  /** Resolves when it has ended by itself or by a signal. */
  ended: Promise<Finished>
}

export type LogLine = Readonly<Record<string, unknown>>

/** Starts `pullgate ARGS...` and leaves it running; what is left at teardown is killed. */
export function startPullgate(
  t: Teardown,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningPullgate {
  const child = start(args, {}, env)
  const output = collect(child)
  const closed = end(child)
  t.teardown(async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    await closed
  })
  function said<T>(look: () => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const again = (): void => {
        const found = look()
        if (found !== null) resolve(found)
      }
      child.stdout?.on('data', again)
      void closed.then(() => {
        const { stdout, stderr } = output
        return reject(new Error(`ended before it said so:\n${stdout}\n${stderr}`))
      })
      again()
    })
  }
  return {
    signal: (name) => void child.kill(name),
    ended: closed.then((code) => ({ code, ...output })),
    line: (fits) => said(() => jsonLines(output.stdout).find(fits) ?? null),
    output: async (pattern) =>
      void (await said(() => (pattern.test(output.stdout) ? true : null))),
    closeOutput: () => void child.stdout?.destroy(),
  }
}

/** The complete lines of a log; throws on one that is not JSON. */
export function jsonLines(text: string): LogLine[] {
  const complete = text.slice(0, text.lastIndexOf('\n') + 1)
  return complete
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine)
}

function start(
  args: readonly string[],
  { cwd, stdout, stderr }: ProcessOptions = {},
  more: Readonly<Record<string, string>> = {},
): ChildProcess {
  // Coverage goes by the environment of the test. A proxy of the machine has no business with loopback.
  const noProxy = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
  const env = { ...process.env, ...noProxy, ...more }
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ['pipe', stdout ?? 'pipe', stderr ?? 'pipe'],
    env,
    ...(cwd === undefined ? {} : { cwd }),
  })
}

interface Output {
  stdout: string
  stderr: string
}

function collect(child: ChildProcess): Output {
  const output: Output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk
    })
  }
  return output
}

/** Once all output was read. */
function end(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  })
}
