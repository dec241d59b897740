import type { Readable, Writable } from 'node:stream'
import { printable } from '../text/printable.ts'

/** What a command may touch of the process it runs in, so that it can be run in a test. */
export interface Io {
  stdin: Readable
  stdout: Writable
  stderr: Writable
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  /** Whether stdout is a terminal; its width in columns. */
  isTerminal: boolean
  columns: number
  /** Fires on SIGINT, SIGTERM and SIGHUP. */
  signal: AbortSignal
  /** From now on output that cannot be written ends nothing: a log may be lost, a report may not. */
  outputMayBeLost?: () => void
}

/** 0 all good, 1 something would be denied, 2 usage, internal error or interrupted. */
export type ExitCode = 0 | 1 | 2

/** One subcommand: its help is what `--help` prints. */
export interface Command {
  name: string
  help: string
  run(args: string[], io: Io): Promise<ExitCode>
}

/** A signal came before a file of the command line was read. */
export class Interrupted extends Error {
  readonly code = 'Interrupted'

  constructor(file: string) {
    super(`interrupted while reading ${printable(file)}`)
  }
}

/** The command line cannot be understood; the message says how to mend it. */
export class UsageError extends Error {
  readonly code = 'Usage'
}
