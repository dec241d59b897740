#!/usr/bin/env node
import process from 'node:process'
import { runCommand } from './commands/run-command.ts'

const interruption = new AbortController()
let interrupted = false
// Node takes the default of SIGHUP back even from nohup, so that nothing is lost by heeding it.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (interrupted) endNow(name)
    interrupted = true
    interruption.abort(new Error(`interrupted by ${name}`))
  })
}

/** As if nothing heeded the signal: exit alone would wait for a thread that waits for a disk or a pipe. */
function endNow(name: NodeJS.Signals): void {
  process.on('exit', () => {
    process.removeAllListeners(name)
    process.kill(process.pid, name)
  })
  process.exit(2)
}

let exitCode: number | null = null
let mayLoseOutput = false
// A reader that went away (`| head`) is no error: what was asked for has been read.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || mayLoseOutput) return
    process.exit(exitCode ?? 2)
  })
}

exitCode = await runCommand(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY,
  columns: process.stdout.columns || 100,
  signal: interruption.signal,
  outputMayBeLost() {
    mayLoseOutput = true
  },
})
process.exitCode = exitCode
// A name that the system goes on resolving, for minutes at worst, would keep the process from ending.
setTimeout(() => process.exit(), 1_000).unref()
