import { Readable, Writable } from 'node:stream'
import { runCommand } from '../../src/commands/run-command.ts'
import type { Finished, InProcessOptions } from './pullgate-process.ts'

/** Runs `pullgate ARGS...` in this process, which is quicker by a second, with streams of its own and no environment unless given. */
export async function runInProcess(
  args: readonly string[],
  options: InProcessOptions = {},
): Promise<Finished> {
  const output = { stdout: '', stderr: '' }
  const into = (name: keyof typeof output): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        output[name] += chunk.toString()
        done()
      },
    })
  const code = await runCommand([...args], {
    stdin: Readable.from([Buffer.from(options.input ?? '')]),
    stdout: into('stdout'),
    stderr: into('stderr'),
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    isTerminal: options.terminal !== undefined,
    columns: options.terminal ?? 100,
    signal: options.signal ?? new AbortController().signal,
  })
  return { code, ...output }
}
