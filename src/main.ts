#!/usr/bin/env node
import process from 'node:process'
import { runCommand } from './commands/run-command.ts'
import { errorCode } from './text/error-code.ts'
import { systemTrouble } from './text/system-trouble.ts'

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

let mayLoseOutput = false
const lost = new Set<string>()
for (const [name, stream] of [
  ['standard output', process.stdout],
  ['standard error', process.stderr],
] as const) {
  stream.on('error', (error) => {
    // A reader that went away (`| head`) is no error: what was asked for has been read.
    if (errorCode(error) === 'EPIPE' || mayLoseOutput || lost.has(name)) return
    lost.add(name)
    process.exitCode = 2
    // What else there is to write, such as a report to a file, is still written.
    process.stderr.write(`cannot write ${name}: ${systemTrouble(error)}\n`)
  })
}

const exitCode = await runCommand(process.argv.slice(2), {
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
process.exitCode = lost.size > 0 ? 2 : exitCode
// A name that the system goes on resolving, for minutes at worst, would keep the process from ending.
setTimeout(() => process.exit(), 1_000).unref()
