import { auditCommand } from './audit.ts'
import { checkCommand } from './check.ts'
import { demoCommand } from './demo.ts'
import { explainCommand } from './explain.ts'
import { UsageError } from './io.ts'
import type { Command, ExitCode, Io } from './io.ts'
import { serveCommand } from './serve.ts'
import { version } from '../engine/version.ts'

/** Every subcommand, in the order of the help text. */
export const commands: readonly Command[] = [
  serveCommand,
  checkCommand,
  auditCommand,
  explainCommand,
  demoCommand,
]

/** Runs `pullgate ARGS...` and answers the exit code. Errors are printed to stderr in one line. */
export async function runCommand(args: string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const topic = commands.find((command) => command.name === rest[0])
    io.stdout.write(topic ? topic.help : overview())
    return name === undefined ? 2 : 0
  }
  if (name === '--version' || name === 'version') {
    io.stdout.write(`pullgate ${version}\n`)
    return 0
  }
  const command = commands.find((each) => each.name === name)
  if (!command) {
    io.stderr.write(`pullgate: unknown command "${name}"\n\n${overview()}`)
    return 2
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(command.help)
    return 0
  }
  try {
    return await command.run(rest, io)
  } catch (error) {
    io.stderr.write(`${explain(error, command)}\n`)
    return 2
  }
}

function overview(): string {
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`)
  return `pullgate tells before a deploy whether its images can be pulled.

Usage: pullgate COMMAND [OPTIONS]

${rows.join('\n')}

pullgate COMMAND --help tells the options of a command, pullgate --version the version.
Exit codes: 0 all good, 1 something would be denied, 2 usage, internal error or interrupted.
`
}

function explain(error: unknown, command: Command): string {
  const message = error instanceof Error ? error.message : String(error)
  const usage =
    error instanceof UsageError || isParseArgsError(error)
      ? `\nSee: pullgate ${command.name} --help`
      : ''
  return `pullgate ${command.name}: ${message}${usage}`
}

function isParseArgsError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && error.code.startsWith('ERR_PARSE_ARGS')
}
