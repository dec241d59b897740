import { parseArgs } from 'node:util'
import { interruption } from '../audit/audit-cluster.ts'
import { auditWorkloads } from '../audit/audit-workloads.ts'
import { createManifestCollector } from '../audit/collect-manifests.ts'
import type { Collection } from '../audit/collect-manifests.ts'
import { layeredFacts } from '../audit/layered-facts.ts'
import { namedImage } from '../audit/named-image.ts'
import { noteUnread, type NotedFacts } from '../audit/note-unread.ts'
import { offlineFacts } from '../audit/offline-facts.ts'
import type { AuditedObject } from '../audit/audit-result.ts'
import { whatIsMissing } from '../audit/what-is-unknown.ts'
import type { ApiAccess } from '../cluster/api-access.ts'
import { kubernetesApiFacts } from '../cluster/kubernetes-api.ts'
import { createObjectStore } from '../cluster/object-store.ts'
import type { Configuration } from '../configuration/configuration.ts'
import type { ClusterFacts } from '../prediction/cluster-facts.ts'
import { withoutUrlSecrets } from '../text/url-secrets.ts'
import { apiClientOf } from './cluster-source.ts'
import { clusterAccess, patienceUntil } from './open-cluster.ts'
import { isOnDisk } from './inputs/find-manifests.ts'
import { readInputs } from './inputs/read-inputs.ts'
import type { Source } from './inputs/read-inputs.ts'
import { UsageError } from './io.ts'
import type { Command, ExitCode, Io } from './io.ts'
import { loadConfigurationFile } from './load-configuration-file.ts'
import {
  isForPeople,
  publish,
  readReportSettings,
  reportArguments,
  reportHelp,
} from './report-options.ts'
import { createReportEngine } from './report-engine.ts'
import { stayLeanNoLonger } from './stay-lean.ts'

const help = `Judges manifest files or image names as the webhook would, without a server.

Usage: pullgate check [OPTIONS] [-f FILE ...] [-k DIR ...] [FILE or IMAGE ...]

  -f, --filename FILE   YAML or JSON file, folder (recursive), glob, or - for standard input; may be repeated
  -k, --kustomize DIR   what kubectl kustomize DIR prints; may be repeated
  -n, --namespace NAME  namespace of image names and of objects that name none (default: with a cluster that of the
                        kubeconfig, else default)
      --cluster         also look into the cluster: Secrets, service accounts, nodes, Pods, webhooks
      --kubeconfig FILE  of the cluster; implies --cluster
      --context NAME    of the kubeconfig; implies --cluster
${reportHelp}

Secrets, ServiceAccounts and Namespaces in the same files count as present.
Exit codes: 0 nothing would be denied, 1 something would be denied, 2 nothing could be judged, interrupted, or usage.
`

/** `pullgate check`. */
export const checkCommand: Command = {
  name: 'check',
  help,
  run: check,
}

/** How long the images of one object may take; single look-ups have the configuration's deadline. */
const OBJECT_TIMEOUT_MS = 300_000

/** What is kept of so many objects is a few MiB. */
const FEW = 1_000

const options = {
  filename: { type: 'string', short: 'f', multiple: true, default: [] as string[] },
  kustomize: { type: 'string', short: 'k', multiple: true, default: [] as string[] },
  namespace: { type: 'string', short: 'n' },
  cluster: { type: 'boolean', default: false },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  ...reportArguments,
} as const

async function check(args: string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  // It would be the current folder, and nobody means that who types an unset variable.
  if ([...values.filename, ...values.kustomize, ...positionals].includes('')) {
    throw new UsageError('a name is empty: is a variable not set?')
  }
  const settings = await readReportSettings(values, io)
  const named = await sortOut(positionals, io.cwd)
  const sources: Source[] = [
    ...[...values.filename, ...named.files].map(sourceOf),
    ...values.kustomize.map((directory) => ({
      kind: 'kustomization' as const,
      directory,
    })),
  ]
  if (sources.length === 0 && named.images.length === 0) {
    throw new UsageError('name at least one file with -f, or an image')
  }
  const { configuration } = await loadConfigurationFile(values.config, io)
  const live =
    values.cluster || values.kubeconfig !== undefined || values.context !== undefined
  const access = live ? await clusterAccess(values, io) : null
  // As kubectl apply would have it.
  const namespace = values.namespace ?? access?.namespace ?? 'default'
  const collection = await collect(sources, { configuration, namespace }, io)
  for (const image of named.images) {
    collection.workloads.push(namedImage(withoutUrlSecrets(image), namespace))
  }
  if (collection.workloads.length <= FEW) stayLeanNoLonger()
  const { facts, unread } = openFacts(collection, access, {
    configuration,
    signal: io.signal,
  })
  const objects = await judge(collection, { configuration, facts }, io)
  const about = { live, people: isForPeople(settings), unread: unread() }
  for (const line of whatIsMissing(collection, about)) io.stderr.write(`${line}\n`)
  if (io.signal.aborted)
    collection.problems.push(interruption(objects.length, collection.workloads.length))
  return publish({ objects, problems: collection.problems }, settings, io)
}

interface Named {
  files: string[]
  images: string[]
}

/** An argument that is there as a file, or looks like one, is a file; everything else is the name of an image. */
async function sortOut(names: readonly string[], cwd: string): Promise<Named> {
  const named: Named = { files: [], images: [] }
  for (const name of names) {
    const isFile = LIKE_A_FILE.test(name) || (await isOnDisk(name, cwd))
    named[isFile ? 'files' : 'images'].push(name)
  }
  return named
}

const LIKE_A_FILE = /^-$|^\.{0,2}\/|\.(?:ya?ml|json)$|[*?[]/i

function sourceOf(name: string): Source {
  if (/^https?:\/\//.test(name)) {
    throw new UsageError(`-f takes no URL: curl -sL ${name} | pullgate check -f -`)
  }
  return name === '-' ? { kind: 'stdin' } : { kind: 'files', name }
}

async function collect(
  sources: readonly Source[],
  { configuration, namespace }: { configuration: Configuration; namespace: string },
  io: Io,
): Promise<Collection> {
  const rules = configuration.customResources
  const collector = createManifestCollector({ rules, namespace })
  for await (const input of readInputs(sources, io)) {
    if ('content' in input) collector.add(input)
    else collector.collection.problems.push(input)
  }
  return collector.collection
}

/** `access` null: without a cluster. */
function openFacts(
  collection: Collection,
  access: ApiAccess | null,
  { configuration, signal }: { configuration: Configuration; signal: AbortSignal },
): NotedFacts {
  const store = createObjectStore(collection.objects)
  if (access === null) return { facts: offlineFacts(store), unread: () => null }
  const live = noteUnread(
    kubernetesApiFacts({
      client: apiClientOf(access, { patience: patienceUntil(signal) }),
      secrets: configuration.secrets,
      mayListSecrets: true,
      now: () => performance.now(),
    }),
  )
  return {
    facts: layeredFacts(store, live.facts),
    // After Ctrl-C nothing is read any more, and that it came is told.
    unread: () => (signal.aborted ? null : live.unread()),
  }
}

async function judge(
  { workloads }: Collection,
  { configuration, facts }: { configuration: Configuration; facts: ClusterFacts },
  io: Io,
): Promise<AuditedObject[]> {
  const tell = (line: string): void => void io.stderr.write(`${line}\n`)
  const engine = await createReportEngine(
    { name: 'check', configuration, facts, tell },
    io,
  )
  try {
    return await auditWorkloads(workloads, {
      predictor: engine.predictor,
      facts,
      configuration,
      objectTimeoutMs: OBJECT_TIMEOUT_MS,
      signal: io.signal,
    })
  } finally {
    await engine.close()
  }
}
