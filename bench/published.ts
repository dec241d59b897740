import { fileURLToPath } from 'node:url'
import { runProgram } from './processes.ts'

/**
 * The program as it is published, compiled into dist/ now: its path. A checkout strips types from three hundred files at each
 * start, which takes longer than many a check.
 */
export async function publishedProgram(): Promise<string> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  await runProgram('npm', ['run', '--silent', '--prefix', root, 'build'])
  return fileURLToPath(new URL('../dist/main.js', import.meta.url))
}
