import { UsageError } from './io.ts'
import type { Command, ExitCode, Io } from './io.ts'
import { stayLean, stayLeanAsServer } from './stay-lean.ts'
import { version } from '../engine/version.ts'
import { withoutUrlSecrets } from '../text/url-secrets.ts'

/** A subcommand before it is loaded. */
export interface CommandEntry {
  name: string
  summary: string
  load(): Promise<Command>
}

/** Every subcommand, in the order of the help text. Each is loaded alone: the server's libraries take 20 MB and half a second. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'the admission webhook',
    async load() {
      stayLeanAsServer()
      return (await import('./serve.ts')).serveCommand
    },
  },
  {
    name: 'check',
    summary: 'judge manifest files without a server',
    async load() {
      stayLean()
      return (await import('./check.ts')).checkCommand
    },
  },
  {
    name: 'audit',
    summary: 'judge everything that a cluster runs',
    async load() {
      stayLean()
      return (await import('./audit.ts')).auditCommand
    },
  },
  {
    name: 'explain',
    summary: 'why a Pod does not get its image',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  {
    name: 'demo',
    summary: 'see it at work, without a cluster',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
]

/** Runs `pullgate ARGS...` and answers the exit code. Errors are printed to stderr in one line. */
export async function runCommand(args: string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const topic = commands.find((command) => command.name === rest[0])
    io.stdout.write(topic ? (await topic.load()).help : overview())
    return name === undefined ? 2 : 0
  }
  if (name === '--version' || name === 'version') {
    io.stdout.write(`pullgate ${version}\n`)
    return 0
  }
  const entry = commands.find((each) => each.name === name)
  if (!entry) {
    io.stderr.write(`pullgate: unknown command "${name}"\n\n${overview()}`)
    return 2
  }
  const command = await entry.load()
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
  return `pullgate ${command.name}: ${withoutUrlSecrets(message)}${usage}`
}

function isParseArgsError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && error.code.startsWith('ERR_PARSE_ARGS')
}
