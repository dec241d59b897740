import { resolve } from 'node:path'
import type { AuditOutcome, AuditProblem } from '../audit/audit-result.ts'
import { readBaseline, withBaseline } from '../audit/baseline.ts'
import type { Baseline } from '../audit/baseline.ts'
import { exitCodeOf, failOnValues } from '../audit/fail-on.ts'
import type { FailOn } from '../audit/fail-on.ts'
import { placeOf } from '../audit/reports/rows.ts'
import { isReportFormat, reportFormats, reports } from '../audit/reports/formats.ts'
import type { ReportFormat } from '../audit/reports/formats.ts'
import type { ReportOptions } from '../audit/reports/report.ts'
import { version } from '../engine/version.ts'
import { errorCode } from '../text/error-code.ts'
import { printable } from '../text/printable.ts'
import { systemTrouble } from '../text/system-trouble.ts'
import { colorHelp, painter, readColor, unpainted } from './color.ts'
import type { Color } from './color.ts'
import { Interrupted, UsageError } from './io.ts'
import type { ExitCode, Io } from './io.ts'
import { readNamedFile } from './pipes.ts'
import { requirePlaces } from './report-files.ts'
import { writePieces, writePiecesTo } from './write-pieces.ts'

/** What every command that reports takes, for parseArgs. */
export const reportArguments = {
  output: { type: 'string', short: 'o', multiple: true, default: ['table'] as string[] },
  'fail-on': { type: 'string', default: 'deny' },
  baseline: { type: 'string' },
  color: { type: 'string', default: 'auto' },
  config: { type: 'string' },
} as const

/** The same for the help text. */
export const reportHelp = `  -o, --output FORMAT   table (default), json, yaml, sarif, junit, github, markdown, html, policyreport
                        or openreports; FORMAT=FILE writes to a file; may be repeated
      --fail-on ACTION  deny (default), warn or never: what makes the exit code 1
      --baseline FILE   a former JSON report: fail only on what is new
${colorHelp}
      --config FILE     configuration (YAML)`

export interface ReportArguments {
  output: string[]
  'fail-on': string
  baseline?: string | undefined
  color: string
}

interface Target {
  format: ReportFormat
  /** null: standard output. */
  file: string | null
}

export interface ReportSettings {
  targets: Target[]
  failOn: FailOn
  baseline: Baseline | null
  color: Color
}

/** Reads the shared options and the baseline, before anything is judged. Throws UsageError, or Interrupted. */
export async function readReportSettings(
  values: ReportArguments,
  io: Pick<Io, 'cwd' | 'signal'>,
): Promise<ReportSettings> {
  const targets = values.output.map(readTarget)
  if (targets.filter(({ file }) => file === null).length > 1) {
    throw new UsageError(
      'only one -o can go to standard output: name a file, FORMAT=FILE',
    )
  }
  await requirePlaces(
    targets.flatMap(({ file }) => file ?? []),
    io.cwd,
  )
  const failOn = failOnValues.find((value) => value === values['fail-on'])
  if (failOn === undefined) {
    throw new UsageError(
      `--fail-on takes deny, warn or never, not "${values['fail-on']}"`,
    )
  }
  const color = readColor(values.color)
  const baseline =
    values.baseline === undefined ? null : await openBaseline(values.baseline, io)
  return { targets, failOn, baseline, color }
}

/** Formats that people read: only beside these is something said that is no problem. */
export function isForPeople({ targets }: ReportSettings): boolean {
  return targets.some(({ format, file }) => file === null && PEOPLE.has(format))
}

const PEOPLE: ReadonlySet<ReportFormat> = new Set(['table', 'github', 'markdown'])

/** A problem with its place, as standard error has it. */
export function problemLine({ message, position }: AuditProblem): string {
  return `${position ? `${placeOf(position)}: ` : ''}${printable(message)}`
}

/** Writes problems to stderr and every report to its place; answers the exit code of the run. */
export async function publish(
  found: AuditOutcome,
  settings: ReportSettings,
  io: Io,
): Promise<ExitCode> {
  const { baseline, failOn } = settings
  const outcome = baseline === null ? found : withBaseline(found, baseline)
  for (const problem of outcome.problems) io.stderr.write(`${problemLine(problem)}\n`)
  let unwritten = false
  for (const { format, file } of settings.targets) {
    const pieces = reports[format](outcome, reportOptions(settings, file, io))
    if (file === null) await writePieces(pieces, io.stdout)
    else if (!(await isWritten(file, pieces, io))) unwritten = true
  }
  if (unwritten) return 2
  return exitCodeOf(outcome, { failOn, interrupted: io.signal.aborted })
}

/** A report that cannot be written is said, and keeps no other from being written. */
async function isWritten(
  file: string,
  pieces: Iterable<string>,
  io: Io,
): Promise<boolean> {
  try {
    await writePiecesTo(resolve(io.cwd, file), pieces, io.signal)
    return true
  } catch (error) {
    if (errorCode(error) === null) throw error
    io.stderr.write(`cannot write ${printable(file)}: ${systemTrouble(error)}\n`)
    return false
  }
}

function reportOptions(
  { color, failOn }: ReportSettings,
  file: string | null,
  io: Io,
): ReportOptions {
  const toTerminal = file === null && io.isTerminal
  return {
    failOn,
    columns: toTerminal ? io.columns : null,
    paint: file === null ? painter(color, io) : unpainted,
    version,
    madeAtMs: Date.now(),
  }
}

function readTarget(value: string): Target {
  const equals = value.indexOf('=')
  const name = equals === -1 ? value : value.slice(0, equals)
  const file = equals === -1 ? null : value.slice(equals + 1)
  if (!isReportFormat(name)) {
    throw new UsageError(`-o takes ${reportFormats.join(', ')}, not "${name}"`)
  }
  if (file === '') throw new UsageError(`-o ${name}= names no file`)
  return { format: name, file }
}

async function openBaseline(
  file: string,
  { cwd, signal }: Pick<Io, 'cwd' | 'signal'>,
): Promise<Baseline> {
  const content = await readNamedFile(resolve(cwd, file), signal).catch(
    (error: unknown) => {
      if (signal.aborted) throw new Interrupted(file)
      throw new UsageError(`the baseline ${file} cannot be read: ${systemTrouble(error)}`)
    },
  )
  try {
    return readBaseline(content)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`the baseline ${file} cannot be used: ${reason}`)
  }
}
