import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { parseArgs, styleText } from 'node:util'
import type { AuditOutcome, AuditProblem } from '../audit/audit-result.ts'
import { auditWorkloads } from '../audit/audit-workloads.ts'
import { collectManifests } from '../audit/collect-manifests.ts'
import type { ManifestInput } from '../audit/collect-manifests.ts'
import { jsonReport } from '../audit/json-report.ts'
import { offlineFacts } from '../audit/offline-facts.ts'
import { summarise } from '../audit/summary.ts'
import { tableReport } from '../audit/table-report.ts'
import { createObjectStore } from '../cluster/object-store.ts'
import { silentObserver } from '../registry/registry-observer.ts'
import { printable } from '../text/printable.ts'
import { createEngine } from '../engine/create-engine.ts'
import { UsageError } from './io.ts'
import type { Command, ExitCode, Io } from './io.ts'
import { loadConfigurationFile } from './load-configuration-file.ts'

const help = `Judges manifest files as the webhook would, without a cluster.

Usage: pullgate check [OPTIONS] -f FILE [-f FILE ...] [FILE ...]

  -f, --filename FILE   YAML or JSON file, folder (recursive), or - for standard input; may be repeated
  -o, --output FORMAT   table (default) or json
  -n, --namespace NAME  namespace of objects that name none (default: default)
      --config FILE     configuration (YAML)

Secrets, ServiceAccounts and Namespaces in the same files count as present.
Exit codes: 0 nothing would be denied, 1 something would be denied, 2 nothing could be judged, or usage.
`

/** `pullgate check`. */
export const checkCommand: Command = {
  name: 'check',
  summary: 'judge manifest files without a server',
  help,
  run: check,
}

/** How long the images of one object may take. */
const OBJECT_TIMEOUT_MS = 60_000

async function check(args: string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      filename: { type: 'string', short: 'f', multiple: true, default: [] },
      output: { type: 'string', short: 'o', default: 'table' },
      namespace: { type: 'string', short: 'n', default: 'default' },
      config: { type: 'string' },
    },
  })
  const { output, namespace } = values
  if (output !== 'table' && output !== 'json') {
    throw new UsageError(`-o takes table or json, not "${output}"`)
  }
  const names = [...values.filename, ...positionals]
  if (names.length === 0) throw new UsageError('name at least one file with -f')
  const { configuration } = await loadConfigurationFile(values.config, io.cwd)
  const { inputs, problems } = await readInputs(names, io)
  const collection = collectManifests(inputs, {
    rules: configuration.customResources,
    namespace,
  })
  const facts = offlineFacts(createObjectStore(collection.objects))
  const engine = await createEngine({
    configuration,
    facts,
    observer: silentObserver,
    env: io.env,
    onFault: (error) =>
      io.stderr.write(`pullgate check: internal error: ${String(error)}\n`),
    onNotice: (notice) => io.stderr.write(`${notice}\n`),
    thorough: true,
  })
  const objects = await auditWorkloads(collection.workloads, {
    predictor: engine.predictor,
    facts,
    configuration,
    objectTimeoutMs: OBJECT_TIMEOUT_MS,
    signal: io.signal,
  })
  await engine.close()
  const outcome = { objects, problems: [...problems, ...collection.problems] }
  report(outcome, output, io)
  return exitCode(outcome, io)
}

function report(outcome: AuditOutcome, output: 'table' | 'json', io: Io): void {
  for (const { message, position } of outcome.problems) {
    const where = position ? `${position.file}:${position.line}:${position.column}: ` : ''
    io.stderr.write(`${printable(`${where}${message}`)}\n`)
  }
  const paints = io.isTerminal && io.env.NO_COLOR === undefined
  const text =
    output === 'json'
      ? jsonReport(outcome)
      : tableReport(outcome, {
          paint: (style, words) => (paints ? styleText(style, words) : words),
        })
  io.stdout.write(text)
}

function exitCode(outcome: AuditOutcome, io: Io): ExitCode {
  if (io.signal.aborted) return 2
  if (outcome.objects.length === 0 && outcome.problems.length > 0) return 2
  return summarise(outcome).deny > 0 ? 1 : 0
}

interface Inputs {
  inputs: ManifestInput[]
  problems: AuditProblem[]
}

const MANIFEST_NAME = /\.(?:ya?ml|json)$/i

async function readInputs(names: readonly string[], io: Io): Promise<Inputs> {
  const found: Inputs = { inputs: [], problems: [] }
  for (const name of names) {
    try {
      if (name === '-') found.inputs.push({ file: '-', content: await buffer(io.stdin) })
      else await readNamed(name, io.cwd, found)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      found.problems.push({ message: `cannot read ${name}: ${reason}`, position: null })
    }
  }
  return found
}

async function readNamed(name: string, cwd: string, found: Inputs): Promise<void> {
  const path = resolve(cwd, name)
  if (!(await stat(path)).isDirectory()) {
    found.inputs.push({ file: name, content: await readFile(path) })
    return
  }
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && MANIFEST_NAME.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  for (const file of files) {
    const shown = join(name, file.slice(path.length))
    found.inputs.push({ file: shown, content: await readFile(file) })
  }
}
