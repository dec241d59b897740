import type { Test } from 'tap'
import { createMetrics } from '../../src/admission/metrics.ts'
import { createReviewer } from '../../src/admission/review.ts'
import { auditWorkloads } from '../../src/audit/audit-workloads.ts'
import { jsonReport } from '../../src/audit/reports/json.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import type { Configuration } from '../../src/configuration/configuration.ts'
import { defaultConfiguration } from '../../src/configuration/read-configuration.ts'
import { asAdmissionReview } from '../../src/demo/as-admission-review.ts'
import type { AppliedObject } from '../../src/demo/as-admission-review.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import type { RegistrySettings } from '../../src/registry/registry-settings.ts'
import { readWorkload } from '../../src/workload/read-workload.ts'
import { joined } from '../support/joined.ts'

/** Every password of these tests holds this, so that one search finds any that got out. */
export const MARK = 'marked-9f2c'

export interface WorldOptions {
  /** Registry hosts of image names, and where they are really reached. */
  endpoints: Readonly<Record<string, string>>
  objects?: readonly object[]
  configuration?: Partial<Configuration>
  /** Changes what the cluster tells. */
  facts?: (facts: ClusterFacts) => ClusterFacts
  /** As for check, audit and explain, whose callers may learn of other namespaces. */
  mayNameNamespaces?: boolean
  env?: Readonly<Record<string, string>>
  /** As reports are made, which also tell of what does no harm yet. */
  thorough?: boolean
}

export interface ReportedFinding {
  cause: string
  certainty: string
  message: string
  advice: string
  doubts: string[]
}

export interface ReportedImage {
  action: string
  cause: string | null
  message: string
  advice: string
  findings: ReportedFinding[]
  attempts: { credential: string; answer: string }[]
}

/** One webhook over made-up cluster objects, and everything that it told anyone. */
export async function createWorld(t: Test, options: WorldOptions) {
  const told: string[] = []
  const notices: string[] = []
  const configuration = { ...defaultConfiguration(), ...settingsFor(options) }
  const objects = (options.objects ?? []).flatMap((each) => readKubernetesObjects(each))
  const known = objectStoreFacts(createObjectStore(objects), {
    complete: true,
    mayNameNamespaces: options.mayNameNamespaces ?? false,
  })
  const facts = options.facts?.(known) ?? known
  const metrics = createMetrics({ process: null })
  const log = (fields: object, message: string): void => {
    told.push(JSON.stringify({ ...fields, message }))
  }
  const engine = await createEngine({
    configuration,
    facts,
    observer: metrics.observer,
    env: options.env ?? {},
    thorough: options.thorough ?? false,
    onFault: (error) => t.fail(`a fault of ours: ${String(error)}`),
    onNotice(notice) {
      notices.push(notice)
      told.push(notice)
    },
    onNodeCredentialsLearned: (host) => metrics.nodeCredentialsLearned(host),
  })
  t.teardown(() => engine.close())
  const reviewer = createReviewer({
    configuration: () => configuration,
    predictor: engine.predictor,
    cluster: facts,
    ownNamespace: null,
    metrics,
    log: { debug: log, info: log, warn: log, error: log },
    now: () => performance.now(),
  })

  /** What the API server is answered when the object is applied. */
  async function apply(object: AppliedObject) {
    const outcome = await reviewer(asAdmissionReview(object), {
      timeoutMs: 10_000,
      elapsedMs: 0,
    })
    told.push(JSON.stringify(outcome))
    if (outcome.status !== 'reviewed') throw new Error(outcome.status)
    const { response } = outcome.body
    return {
      allowed: response.allowed,
      message: response.status?.message ?? '',
      warnings: response.warnings ?? [],
    }
  }

  /** The first image of the object, as the JSON report has it. */
  async function report(object: AppliedObject): Promise<ReportedImage> {
    const read = readWorkload(object, [])
    if (read.status !== 'workload') throw new Error(read.status)
    const audited = await auditWorkloads(
      [{ workload: read.workload, positionOf: () => null }],
      {
        predictor: engine.predictor,
        facts,
        configuration,
        objectTimeoutMs: 10_000,
        signal: new AbortController().signal,
      },
    )
    const text = joined(jsonReport({ objects: audited, problems: [] }))
    told.push(text)
    const parsed = JSON.parse(text) as { results: { images: ReportedImage[] }[] }
    const image = parsed.results[0]?.images[0]
    if (image === undefined) throw new Error('nothing was judged')
    return image
  }

  async function metricsPage(): Promise<string> {
    const { body } = await metrics.render()
    told.push(body)
    return body
  }

  return { apply, report, metricsPage, notices, told: () => told.join('\n') }
}

function settingsFor({ endpoints, configuration }: WorldOptions): Partial<Configuration> {
  const registries = Object.entries(endpoints).map(
    ([host, endpoint]): RegistrySettings => ({
      host,
      endpoint,
      caFile: null,
      clientCertFile: null,
      clientKeyFile: null,
      plainHttp: false,
      skip: false,
      proxy: false,
      mirrored: false,
      countsManifestGets: false,
    }),
  )
  return {
    registries,
    // The token server is on this machine, too.
    network: { allow: ['127.0.0.1/32'], deny: [] },
    ...configuration,
  }
}

export interface PodShape {
  namespace?: string
  pullSecrets?: readonly string[]
  serviceAccount?: string
}

export function pod(image: string, shape: PodShape = {}) {
  const { namespace = 'team-a', pullSecrets = [] } = shape
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace },
    spec: {
      ...(shape.serviceAccount === undefined
        ? {}
        : { serviceAccountName: shape.serviceAccount }),
      imagePullSecrets: pullSecrets.map((name) => ({ name })),
      containers: [{ name: 'web', image, imagePullPolicy: 'Always' }],
    },
  }
}

export function deployment(image: string, shape: PodShape = {}) {
  const { metadata, spec } = pod(image, shape)
  const labels = { app: 'web' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  }
}

export interface SecretShape {
  namespace?: string
  type?: string
  createdAt?: string
}

/** A pull secret whose data is this text. */
export function secretOfText(name: string, text: string, shape: SecretShape = {}) {
  const { namespace = 'team-a', type = 'kubernetes.io/dockerconfigjson' } = shape
  const key = type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson'
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type,
    metadata: {
      name,
      namespace,
      ...(shape.createdAt === undefined ? {} : { creationTimestamp: shape.createdAt }),
    },
    data: { [key]: Buffer.from(text).toString('base64') },
  }
}

/** A pull secret with these `auths`. */
export function secret(
  name: string,
  auths: Readonly<Record<string, object>>,
  shape: SecretShape = {},
) {
  return secretOfText(name, JSON.stringify({ auths }), shape)
}

export function user(username: string, password: string) {
  return { username, password, auth: base64(`${username}:${password}`) }
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

export function serviceAccount(name: string, pullSecrets: readonly string[]) {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'team-a' },
    imagePullSecrets: pullSecrets.map((each) => ({ name: each })),
  }
}
