import { parseArgs } from 'node:util'
import { explainObject } from '../audit/explain/explain-object.ts'
import { explanationJson, explanationText } from '../audit/explain/explain-report.ts'
import type { Explanation } from '../audit/explain/explanation.ts'
import type { ExplainTarget } from '../audit/explain/find-pod.ts'
import { explainKind } from '../audit/explain/kind-names.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { colorHelp, painter, readColor } from './color.ts'
import { UsageError } from './io.ts'
import type { Command, ExitCode, Io } from './io.ts'
import { loadConfigurationFile } from './load-configuration-file.ts'
import { clusterArguments, clusterHelp, openCluster } from './open-cluster.ts'
import type { OpenCluster } from './open-cluster.ts'
import { createReportEngine } from './report-engine.ts'
import { problemLine } from './report-options.ts'

const help = `Tells why a live object is stuck in ErrImagePull or ImagePullBackOff, step by step, and how to mend it.

Usage: pullgate explain [OPTIONS] KIND/NAME

  -n, --namespace NAME  namespace of the object (default: that of the kubeconfig)
  -o, --output FORMAT   table (default) or json
${clusterHelp}
${colorHelp}
      --config FILE     configuration (YAML)

KIND is pod, deployment, statefulset, daemonset, job, cronjob, replicaset or a short name; a Pod needs none.
Of an object with several Pods, the one that fares worst is looked at.
Exit codes: 0 all images would be pulled, 1 one would not or does not start, 2 not found, usage, or interrupted.
`

/** `pullgate explain`. */
export const explainCommand: Command = {
  name: 'explain',
  help,
  run: explain,
}

const TIMEOUT_MS = 120_000

const options = {
  namespace: { type: 'string', short: 'n' },
  output: { type: 'string', short: 'o', default: 'table' },
  color: { type: 'string', default: 'auto' },
  config: { type: 'string' },
  ...clusterArguments,
} as const

async function explain(args: string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const output = readOutput(values.output)
  const paint = painter(readColor(values.color), io)
  const named = readName(positionals)
  const { configuration } = await loadConfigurationFile(values.config, io)
  const { secrets } = configuration
  const cluster = await openCluster(values, { secrets, io })
  try {
    const namespace = values.namespace ?? cluster.namespace
    if (!NAME.test(namespace))
      throw new UsageError(`-n takes a namespace, not "${namespace}"`)
    for (const problem of cluster.problems) io.stderr.write(`${problemLine(problem)}\n`)
    const target = { ...named, namespace }
    const explanation = await lookInto(target, { cluster, configuration, io })
    const columns = io.isTerminal ? io.columns : null
    const text =
      output === 'json'
        ? explanationJson(explanation)
        : explanationText(explanation, { columns, paint })
    io.stdout.write(text)
    if (!io.signal.aborted) return exitCodeOf(explanation)
    io.stderr.write('interrupted: what had no answer by then is not verified\n')
    return 2
  } finally {
    await cluster.close()
  }
}

interface Run {
  cluster: OpenCluster
  configuration: Configuration
  io: Io
}

async function lookInto(
  target: ExplainTarget,
  { cluster: { facts, lister }, configuration, io }: Run,
): Promise<Explanation> {
  const tell = (line: string): void => void io.stderr.write(`${line}\n`)
  const engine = await createReportEngine(
    { name: 'explain', configuration, facts, tell },
    io,
  )
  try {
    return await explainObject({
      target,
      lister,
      facts,
      predictor: engine.predictor,
      rules: configuration.customResources,
      secrets: configuration.secrets,
      signal: AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
  } finally {
    await engine.close()
  }
}

function readOutput(output: string): 'table' | 'json' {
  if (output === 'table' || output === 'json') return output
  throw new UsageError(`-o takes table or json, not "${output}"`)
}

/** RFC 1123: it becomes a part of a query or a path. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** `pod/web`, `pod web`, or `web` alone. */
function readName(positionals: readonly string[]): {
  apiVersion: string
  kind: string
  name: string
} {
  const parts = positionals.flatMap((text) => text.split('/'))
  const [kind = '', name = ''] = parts.length === 1 ? ['pod', ...parts] : parts
  if (positionals.length === 0 || parts.length > 2)
    throw new UsageError('name one object: pod/NAME, deployment/NAME or the like')
  const known = explainKind(kind)
  if (known === null) throw new UsageError(`"${kind}" is no kind that has Pods`)
  if (!NAME.test(name)) throw new UsageError(`"${name}" is no name of an object`)
  return { ...known, name }
}

function exitCodeOf({ images }: Explanation): ExitCode {
  return images.some(({ state }) => state !== 'fine' && state !== 'transient') ? 1 : 0
}
