import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { Agent, request } from 'undici'
import { stringify } from 'yaml'
import { openClusterSource } from '../../src/commands/cluster-source.ts'
import { loadConfigurationFile } from '../../src/commands/load-configuration-file.ts'
import { startServer } from '../../src/commands/start-server.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import type { AdmissionReview } from './admission-reviews.ts'
import type { Manifest } from './cluster-manifests.ts'
import type { Teardown } from './token-server.ts'

/** The response of an AdmissionReview, with what is absent filled in. */
export interface Verdict {
  allowed: boolean
  /** `allow`, `warn` (allowed with warnings) or `deny`. */
  action: 'allow' | 'warn' | 'deny'
  uid: string
  warnings: string[]
  /** What a denied user reads; empty when allowed. */
  message: string
  code: number | null
  reason: string
  auditAnnotations: Record<string, string>
}

export interface Webhook {
  review(review: AdmissionReview): Promise<Verdict>
  /** What it logged, one parsed line each. */
  log: Record<string, unknown>[]
  /** The text of a path on the second port, such as /metrics. */
  metricsPath(path: string): Promise<{ status: number; text: string }>
  /** Of the standalone folder and of the configuration file. */
  files: WorkFiles
}

export interface WorkFiles {
  /** Absolute: holds configuration.yaml and the folder cluster. */
  directory: string
  configuration: string
  cluster: string
}

/** Writes a configuration and the manifests of a standalone folder into a temporary directory. */
export async function writeFiles(
  t: Teardown,
  { configuration, manifests }: { configuration: object; manifests: readonly Manifest[] },
): Promise<WorkFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'pullgate-test-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const files = {
    directory,
    configuration: join(directory, 'configuration.yaml'),
    cluster: join(directory, 'cluster'),
  }
  await mkdir(files.cluster)
  await writeFile(files.configuration, stringify(configuration))
  const documents = manifests.map((manifest) => stringify(manifest))
  await writeFile(join(files.cluster, 'cluster.yaml'), documents.join('---\n'))
  return files
}

/** The whole webhook in this process, over HTTPS, with a folder for a cluster. */
export async function startWebhook(
  t: Teardown,
  setup: {
    configuration: object
    manifests: readonly Manifest[]
    /** What the cluster does otherwise than the folder. */
    cluster?: (facts: ClusterFacts) => ClusterFacts
  },
): Promise<Webhook> {
  const files = await writeFiles(t, setup)
  const life = new AbortController()
  const log: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug', base: null }, lines(log))
  const folder = await openClusterSource({
    standalone: files.cluster,
    kubeconfig: null,
    context: null,
    onFolderProblem: (problem) => logger.warn({ problem }, 'a manifest cannot be read'),
    signal: life.signal,
  })
  const server = await startServer({
    configuration: await loadConfigurationFile(files.configuration, {
      cwd: files.directory,
      signal: life.signal,
    }),
    facts: setup.cluster?.(folder) ?? folder,
    listen: { host: '127.0.0.1', port: 0 },
    metricsListen: { host: '127.0.0.1', port: 0 },
    certificate: { kind: 'self-signed', hosts: ['127.0.0.1'] },
    ownNamespace: null,
    log: logger,
    process: null,
    env: {},
  })
  const client = reviewClient(
    `https://127.0.0.1:${server.address.port}/validate`,
    server.ca ?? '',
  )
  t.teardown(async () => {
    await client.close()
    await server.stop({ graceMs: 0, signal: life.signal })
    life.abort()
  })
  return {
    review: (body) => client.review(body),
    log,
    files,
    async metricsPath(path) {
      const url = `http://127.0.0.1:${server.metricsAddress.port}${path}`
      const { statusCode, body } = await request(url)
      return { status: statusCode, text: await body.text() }
    },
  }
}

export interface ReviewClient {
  review(review: AdmissionReview): Promise<Verdict>
  close(): Promise<void>
}

export interface ReviewClientOptions {
  /** What the webhook configuration has as timeoutSeconds. */
  timeoutSeconds: number
  /** An answer that is late, counted from the sending, or to another review rejects, as the API server would take it. */
  isStrict: boolean
}

/** Asks as an API server does; `ca` is what the webhook configuration has as caBundle. */
export function reviewClient(
  url: string,
  ca: string,
  { timeoutSeconds, isStrict }: ReviewClientOptions = {
    timeoutSeconds: 5,
    isStrict: false,
  },
): ReviewClient {
  const dispatcher = new Agent({ connect: { ca }, allowH2: false })
  return {
    async review(review) {
      const { statusCode, body } = await request(`${url}?timeout=${timeoutSeconds}s`, {
        method: 'POST',
        dispatcher,
        signal: isStrict ? AbortSignal.timeout(timeoutSeconds * 1000) : null,
        headers: {
          'user-agent': 'kube-apiserver-admission',
          'content-type': 'application/json',
          accept: 'application/json, */*',
        },
        body: JSON.stringify(review),
      })
      const text = await body.text()
      if (statusCode !== 200) throw new Error(`${statusCode} ${text}`)
      // What our own server sends is under test: a wrong shape fails the test that looks at it.
      const verdict = verdictOf(JSON.parse(text) as ReviewAnswer)
      if (isStrict && verdict.uid !== review.request.uid)
        throw new Error('the answer to another review')
      return verdict
    },
    close: () => dispatcher.close(),
  }
}

interface ReviewAnswer {
  response: {
    uid: string
    allowed: boolean
    warnings?: string[]
    status?: { message?: string; code?: number; reason?: string }
    auditAnnotations?: Record<string, string>
  }
}

function verdictOf({ response }: ReviewAnswer): Verdict {
  const { uid, allowed, warnings = [], status = {}, auditAnnotations = {} } = response
  const passed = warnings.length === 0 ? 'allow' : 'warn'
  return {
    allowed,
    action: allowed ? passed : 'deny',
    uid,
    warnings,
    message: status.message ?? '',
    code: status.code ?? null,
    reason: status.reason ?? '',
    auditAnnotations,
  }
}

function lines(log: Record<string, unknown>[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) {
        if (line !== '') log.push(JSON.parse(line) as Record<string, unknown>)
      }
      done()
    },
  })
}
