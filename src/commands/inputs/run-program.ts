import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { errorCode } from '../../text/error-code.ts'

export interface ProgramRun {
  file: string
  args: readonly string[]
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  /** Of standard output. */
  maxBytes: number
  timeoutMs: number
  signal: AbortSignal
}

/** `absent`: there is no such program. `stderr` is the last of what it wrote there. */
export type ProgramResult =
  | { status: 'done'; stdout: Buffer }
  | { status: 'absent' | 'too-large' | 'too-slow' | 'interrupted' }
  | { status: 'failed'; stderr: string }

/** For what a program takes away before it ends, such as a checkout. */
const GRACE_MS = 500
const MAX_STDERR_LENGTH = 64 * 1024

/**
 * Runs a program to its end, without a shell. It gets a process group of its own, so that what it started is ended with it: kubectl
 * starts git for remote bases. Once a run was cut short, nothing of it is left.
 */
export async function runProgram(run: ProgramRun): Promise<ProgramResult> {
  const { file, args, cwd, env, signal } = run
  if (signal.aborted) return { status: 'interrupted' }
  const tooLarge = new AbortController()
  const timeout = AbortSignal.timeout(run.timeoutMs)
  const child = spawn(file, [...args], {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const ended = endOf(child)
  const endWithUs = (): void => signalGroup(child, 'SIGKILL')
  process.once('exit', endWithUs)
  void ended.finally(() => process.off('exit', endWithUs))
  const output = collect(child, run.maxBytes, () => tooLarge.abort())
  const cut = aborted(AbortSignal.any([signal, timeout, tooLarge.signal]))
  const end = await Promise.race([ended, cut])
  if (end === 'cut') {
    await endGroup(child, ended)
    if (signal.aborted) return { status: 'interrupted' }
    return { status: tooLarge.signal.aborted ? 'too-large' : 'too-slow' }
  }
  if (end === 0) return { status: 'done', stdout: output.stdout() }
  if (errorCode(end) === 'ENOENT') return { status: 'absent' }
  return { status: 'failed', stderr: output.stderr() || reasonOf(end) }
}

/** The exit code once all output was read, null after a signal; the error of one that did not start. */
function endOf(child: ChildProcess): Promise<number | Error | null> {
  return new Promise((resolve) => {
    child.once('error', resolve)
    child.once('close', (code) => resolve(code))
  })
}

function aborted(signal: AbortSignal): Promise<'cut'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('cut')
    signal.addEventListener('abort', () => resolve('cut'), { once: true })
  })
}

/** Asks all of the group to end, and no longer than for the grace. */
async function endGroup(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  signalGroup(child, 'SIGTERM')
  await Promise.race([ended, wait(GRACE_MS, undefined, { ref: false })])
  signalGroup(child, 'SIGKILL')
  // One that went into a session of its own may hold our pipes for as long as it likes.
  child.stdout?.destroy()
  child.stderr?.destroy()
  await ended
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // All of them have ended.
  }
}

function collect(child: ChildProcess, maxBytes: number, onTooLarge: () => void) {
  const chunks: Buffer[] = []
  let bytes = 0
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes) onTooLarge()
    else chunks.push(chunk)
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-MAX_STDERR_LENGTH)
  })
  return { stdout: () => Buffer.concat(chunks), stderr: () => stderr.trim() }
}

function reasonOf(end: number | Error | null): string {
  if (end instanceof Error) return end.message
  return end === null ? 'it was ended by a signal' : `it ended with exit code ${end}`
}
