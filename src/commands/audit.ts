import { parseArgs } from 'node:util'
import { auditCluster } from '../audit/audit-cluster.ts'
import { collectCluster } from '../audit/collect-cluster.ts'
import type { ClusterCollection, ClusterSelection } from '../audit/collect-cluster.ts'
import type { AuditOutcome, AuditProblem } from '../audit/audit-result.ts'
import {
  InvalidLabelSelector,
  parseLabelSelector,
} from '../cluster/label-selector-text.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { printable } from '../text/printable.ts'
import { UsageError } from './io.ts'
import type { Command, ExitCode, Io } from './io.ts'
import { loadConfigurationFile } from './load-configuration-file.ts'
import { clusterArguments, clusterHelp, openCluster } from './open-cluster.ts'
import type { OpenCluster } from './open-cluster.ts'
import { createProgress } from './progress.ts'
import type { Progress } from './progress.ts'
import {
  publish,
  readReportSettings,
  reportArguments,
  reportHelp,
} from './report-options.ts'
import { createReportEngine } from './report-engine.ts'

const help = `Judges every workload of a cluster as the webhook would, and tells how widespread trouble is.

Usage: pullgate audit [OPTIONS]

  -n, --namespace NAME  only this namespace; may be repeated
  -A, --all-namespaces  every namespace; so it is unless -n is given
  -l, --selector LABELS only objects with these labels, as kubectl takes them
      --include-inactive also what is suspended, finished or scaled to zero
${clusterHelp}
${reportHelp}

What a Deployment, a CronJob or the like makes is folded into it: one row each, with the template of now.
Exit codes: 0 nothing would be denied, 1 something would be denied, 2 nothing could be judged, interrupted, or usage.
`

/** `pullgate audit`. */
export const auditCommand: Command = {
  name: 'audit',
  help,
  run: audit,
}

/** How long the images of one object may take; single look-ups have the configuration's deadline. */
const OBJECT_TIMEOUT_MS = 300_000

async function audit(args: string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args,
    options: {
      namespace: { type: 'string', short: 'n', multiple: true },
      'all-namespaces': { type: 'boolean', short: 'A', default: false },
      selector: { type: 'string', short: 'l', default: '' },
      'include-inactive': { type: 'boolean', default: false },
      ...clusterArguments,
      ...reportArguments,
    },
  })
  const settings = await readReportSettings(values, io)
  const selection = readSelection(values)
  const { configuration } = await loadConfigurationFile(values.config, io)
  const { secrets } = configuration
  const cluster = await openCluster(values, { secrets, io })
  const progress = createProgress({ stream: io.stderr, now: () => performance.now() })
  try {
    const collection = await collectCluster({
      lister: cluster.lister,
      selection,
      rules: configuration.customResources,
      signal: io.signal,
      onKind: (kind) => progress.say(`listing ${printable(kind, 100)} objects`),
    })
    const missing = await missingNamespaces(selection, cluster, io.signal)
    const problems = [...cluster.problems, ...missing, ...collection.problems]
    const run = { cluster, configuration, progress, io }
    const outcome = await judge({ ...collection, problems }, run)
    progress.end()
    return await publish(outcome, settings, io)
  } finally {
    await cluster.close()
  }
}

function readSelection(values: {
  namespace?: string[] | undefined
  'all-namespaces': boolean
  selector: string
  'include-inactive': boolean
}): ClusterSelection {
  const namespaces = values.namespace?.flatMap((text) => text.split(',')) ?? null
  if (values['all-namespaces'] && namespaces !== null)
    throw new UsageError('-A and -n do not go together')
  const wrong = namespaces?.find((name) => !NAMESPACE.test(name))
  if (wrong !== undefined) throw new UsageError(`-n takes a namespace, not "${wrong}"`)
  try {
    parseLabelSelector(values.selector)
  } catch (error) {
    if (error instanceof InvalidLabelSelector)
      throw new UsageError(`-l: ${error.message}`)
    throw error
  }
  return {
    namespaces: namespaces === null ? null : [...new Set(namespaces)],
    labels: values.selector,
    includeInactive: values['include-inactive'],
  }
}

/** RFC 1123 label: it becomes a part of a path. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** A list of a namespace that is not there is empty, and a typing error would look like good news. */
async function missingNamespaces(
  { namespaces }: ClusterSelection,
  { facts }: OpenCluster,
  signal: AbortSignal,
): Promise<AuditProblem[]> {
  const checked = (namespaces ?? []).map(async (name) => {
    const fact = await facts.namespace(name, { fresh: false, signal })
    const message = `namespace ${name} does not exist`
    return fact.status === 'absent' ? [{ message, position: null }] : []
  })
  return (await Promise.all(checked)).flat()
}

interface Run {
  cluster: OpenCluster
  configuration: Configuration
  progress: Progress
  io: Io
}

async function judge(
  collection: ClusterCollection,
  { cluster, configuration, progress, io }: Run,
): Promise<AuditOutcome> {
  const { facts } = cluster
  const tell = (line: string): void => {
    progress.end()
    io.stderr.write(`${line}\n`)
  }
  const engine = await createReportEngine(
    { name: 'audit', configuration, facts, tell },
    io,
  )
  progress.begin(collection.workloads.length)
  try {
    return await auditCluster(collection, {
      predictor: engine.predictor,
      facts,
      configuration,
      objectTimeoutMs: OBJECT_TIMEOUT_MS,
      signal: io.signal,
      onProgress: (done) => progress.done(done),
    })
  } finally {
    await engine.close()
  }
}
