import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import type { ClusterFacts, ReadOptions } from '../../src/prediction/cluster-facts.ts'
import { createNodeCredentials } from '../../src/prediction/node-credentials/create-node-credentials.ts'
import { createPredictor } from '../../src/prediction/create-predictor.ts'
import type { PredictorOptions } from '../../src/prediction/judging-round.ts'
import type { Finding } from '../../src/prediction/finding.ts'
import { createLookupCache } from '../../src/prediction/lookups/lookup-cache.ts'
import type { PredictionRequest } from '../../src/prediction/predictor.ts'
import type { ImagePrediction } from '../../src/prediction/prediction.ts'
import type { PredictionSettings } from '../../src/prediction/prediction-settings.ts'
import type { UnauthorizedReason } from '../../src/registry/faults.ts'
import type {
  LookupEvidence,
  LookupRequest,
  LookupResult,
  TagsResult,
} from '../../src/registry/lookup.ts'
import { registrySettingsFor } from '../../src/registry/registry-settings-for.ts'
import type { RegistrySettings } from '../../src/registry/registry-settings.ts'
import { readWorkload } from '../../src/workload/read-workload.ts'
import type { Workload } from '../../src/workload/workload.ts'

/** Stands in every password, so that a leak shows. */
export const PASSWORD = 'MARKED-PASSWORD-do-not-show'

export const IMAGE = 'registry.acme.test/team/api:2.1'

/** 2026-01-01T00:00:00Z, on the wall. */
export const NOW_MS = Date.UTC(2026, 0, 1)

/** A look-up's result without evidence. */
type Bare<Result> = Result extends unknown ? Omit<Result, 'evidence'> : never
export type BareResult = Bare<LookupResult> & { evidence?: Partial<LookupEvidence> }

export function evidence(changes: Partial<LookupEvidence> = {}): LookupEvidence {
  return {
    registry: 'registry.acme.test',
    request: 'HEAD https://registry.acme.test/v2/team/api/manifests/2.1',
    status: 200,
    errors: [],
    via: 'origin',
    redirected: false,
    verified: true,
    servedBy: null,
    access: 'open',
    requests: 1,
    rateLimit: null,
    ...changes,
  }
}

export const found: BareResult = {
  outcome: 'found',
  digest: `sha256:${'a'.repeat(64)}`,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  sizeBytes: 500,
  kind: 'image',
  platforms: null,
  missingChildren: [],
}

export const notFound: BareResult = {
  outcome: 'not-found',
  missing: 'manifest',
  evidence: { status: 404 },
}

export function unauthorized(
  reason: UnauthorizedReason,
  credentialSent: boolean,
): BareResult {
  return {
    outcome: 'unauthorized',
    reason,
    credentialSent,
    evidence: { status: 401 },
  }
}

/** What a private registry does: `good` opens, everyone else is refused with Basic. */
export function opensFor(...usernames: string[]): Script {
  return ({ username }) => {
    if (username !== null && usernames.includes(username)) return found
    return username === null
      ? unauthorized('no-credentials', false)
      : unauthorized('rejected', true)
  }
}

export interface Asked {
  image: string
  /** null for an anonymous attempt; empty credentials count as none. */
  username: string | null
}

export type Script = (asked: Asked) => BareResult | Promise<BareResult>

export interface WorldOptions {
  /** Kubernetes objects of the cluster, which are all that there is. */
  objects?: readonly unknown[]
  answer?: Script
  tags?: TagsResult
  settings?: Partial<PredictionSettings>
  registry?: Partial<RegistrySettings>
  facts?: Partial<ClusterFacts>
  /** Of what is remembered; it stands still where it is not given. */
  clock?: { nowMs: number }
  overrides?: Partial<PredictorOptions>
  complete?: boolean
}

export interface World {
  asked: Asked[]
  /** Secrets that were read: `namespace/name`, with ` fresh` behind it. */
  secretReads: string[]
  faults: unknown[]
  put: (...objects: unknown[]) => void
  predict: (
    workload: Workload,
    signal?: AbortSignal,
    denies?: PredictionRequest['denies'],
  ) => Promise<ImagePrediction[]>
}

/** A predictor over a scripted registry and a cluster of objects in memory. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const objects = [...(options.objects ?? [])]
  const world: Pick<World, 'asked' | 'secretReads' | 'faults'> = {
    asked: [],
    secretReads: [],
    faults: [],
  }
  const facts = { ...liveFacts(objects, options, world.secretReads), ...options.facts }
  const { answer = () => found, clock = { nowMs: 0 } } = options
  const client = {
    async lookup({ reference, credential }: LookupRequest): Promise<LookupResult> {
      const empty = credential?.username === '' || credential?.password === ''
      const username = credential === null || empty ? null : credential.username
      const asked = { image: reference.pullReference, username }
      world.asked.push(asked)
      return withEvidence(await answer(asked), reference.registry)
    },
    async tags(): Promise<TagsResult> {
      return options.tags ?? { outcome: 'unavailable' }
    },
  }
  const lookups = createLookupCache({
    client,
    now: () => clock.nowMs,
    maxEntries: 100,
    maxBytes: 1_000_000,
    random: () => 0,
    digestTtlMs: 1,
    tagTtlMs: 1,
    refusalTtlMs: 1,
    errorTtlMs: 1,
    lookupTimeoutMs: 5_000,
  })
  const settings = settingsWith(options)
  const nodes = await createNodeCredentials({
    settings,
    facts,
    lookups,
    now: () => 0,
    onNotice: () => undefined,
  })
  const predictor = createPredictor({
    facts,
    client,
    lookups,
    settings: () => settings,
    nodeKeyrings: nodes.keyrings,
    nodeCredentials: nodes.evidenceFor,
    pullSecretsMs: null,
    now: () => clock.nowMs,
    wallClock: () => NOW_MS,
    onFault: (error) => world.faults.push(error),
    ...options.overrides,
  })
  return {
    ...world,
    put: (...more) => objects.push(...more),
    predict: (workload, signal = new AbortController().signal, denies) =>
      predictor.predict({
        workload,
        images: workload.images,
        signal,
        ...(denies === undefined ? {} : { denies }),
      }),
  }
}

function liveFacts(
  objects: readonly unknown[],
  { complete = true }: WorldOptions,
  secretReads: string[],
): ClusterFacts {
  const facts = (): ClusterFacts =>
    objectStoreFacts(
      createObjectStore(objects.flatMap((object) => readKubernetesObjects(object))),
      { complete, mayNameNamespaces: false },
    )
  return {
    secret(namespace: string, name: string, options: ReadOptions) {
      secretReads.push(`${namespace}/${name}${options.fresh ? ' fresh' : ''}`)
      return facts().secret(namespace, name, options)
    },
    serviceAccount: (...args) => facts().serviceAccount(...args),
    namespace: (...args) => facts().namespace(...args),
    nodes: (...args) => facts().nodes(...args),
    podsUsingRegistry: (...args) => facts().podsUsingRegistry(...args),
    podMutators: (...args) => facts().podMutators(...args),
    namespacesWithSecret: (...args) => facts().namespacesWithSecret(...args),
  }
}

export function withEvidence(bare: BareResult, registry: string): LookupResult {
  return { ...bare, evidence: evidence({ registry, ...bare.evidence }) }
}

export function settingsWith({
  settings,
  registry,
}: Pick<WorldOptions, 'settings' | 'registry'>): PredictionSettings {
  return {
    runtimeProfile: 'auto',
    secrets: 'get',
    nodeCredentialHosts: [],
    nodeCredentials: {
      dockerConfigFile: null,
      complete: false,
      credentialProviderConfig: null,
      credentialProviderBinDir: null,
      learn: true,
    },
    platforms: 'auto',
    verifyIndexes: false,
    preloadedImages: [],
    harmlessMutators: [],
    registrySettings: (host) => ({ ...registrySettingsFor([], host), ...registry }),
    ...settings,
  }
}

export interface PodSettings {
  image?: string
  images?: readonly string[]
  secrets?: readonly string[]
  policy?: string
  serviceAccount?: string
  spec?: Record<string, unknown>
}

function podSpec(settings: PodSettings): Record<string, unknown> {
  const { image = IMAGE, images = [image], secrets = [], policy = 'Always' } = settings
  return {
    containers: images.map((each, index) => ({
      name: `c${index}`,
      image: each,
      imagePullPolicy: policy,
    })),
    imagePullSecrets: secrets.map((name) => ({ name })),
    ...(settings.serviceAccount ? { serviceAccountName: settings.serviceAccount } : {}),
    ...settings.spec,
  }
}

export function pod(settings: PodSettings = {}): Workload {
  return workloadOf({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'team-a' },
    spec: podSpec(settings),
  })
}

export function deployment(settings: PodSettings = {}): Workload {
  return workloadOf({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'team-a' },
    spec: { replicas: 1, template: { metadata: {}, spec: podSpec(settings) } },
  })
}

function workloadOf(object: unknown): Workload {
  const read = readWorkload(object, [])
  if (read.status !== 'workload') throw new TypeError(read.status)
  return read.workload
}

export function secretObject(
  name: string,
  auths: Record<string, unknown>,
  changes: Record<string, unknown> = {},
): object {
  return rawSecret(name, JSON.stringify({ auths }), changes)
}

export function rawSecret(
  name: string,
  content: string,
  changes: Record<string, unknown> = {},
): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    metadata: { name, namespace: 'team-a' },
    data: { '.dockerconfigjson': Buffer.from(content).toString('base64') },
    ...changes,
  }
}

export function login(username: string): Record<string, string> {
  return { username, password: PASSWORD }
}

export function serviceAccount(name: string, ...secrets: string[]): object {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'team-a' },
    imagePullSecrets: secrets.map((each) => ({ name: each })),
  }
}

export interface NodeSettings {
  name?: string
  architecture?: string
  os?: string
  runtime?: string
  kubelet?: string
  labels?: Record<string, string>
  taints?: object[]
  images?: readonly string[]
  providerID?: string
}

export function nodeObject(settings: NodeSettings = {}): object {
  const { name = 'node-1', architecture = 'amd64', os = 'linux' } = settings
  const { runtime = 'containerd://2.1.4', kubelet = '', images = [] } = settings
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: settings.labels ?? {} },
    spec: { taints: settings.taints ?? [], providerID: settings.providerID ?? '' },
    status: {
      nodeInfo: {
        operatingSystem: os,
        architecture,
        containerRuntimeVersion: runtime,
        kubeletVersion: kubelet,
      },
      images: images.map((image) => ({ names: [image] })),
    },
  }
}

/** A Pod that runs: evidence. */
export function runningPod(
  image: string,
  { name = 'run', secrets = [] as string[], imageID = `${image}-id` } = {},
): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'team-b' },
    spec: {
      containers: [{ name: 'c', image, imagePullPolicy: 'IfNotPresent' }],
      imagePullSecrets: secrets.map((each) => ({ name: each })),
    },
    status: { containerStatuses: [{ name: 'c', imageID }] },
  }
}

export function mutatingWebhook(configuration: string, webhook: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: configuration },
    webhooks: [
      {
        name: webhook,
        rules: [
          {
            operations: ['CREATE'],
            apiGroups: [''],
            apiVersions: ['v1'],
            resources: ['pods'],
          },
        ],
      },
    ],
  }
}

/** The finding that names the verdict. */
export function leading(predictions: readonly ImagePrediction[]): Finding | null {
  return predictions[0]?.findings[0] ?? null
}

export function certainCauses(predictions: readonly ImagePrediction[]): string[] {
  return predictions.flatMap(({ findings }) =>
    findings.filter(({ certainty }) => certainty === 'certain').map(({ cause }) => cause),
  )
}

/** Everything a person may see of predictions. */
export function textsOf(predictions: readonly ImagePrediction[]): string[] {
  return predictions.flatMap(({ findings, attempts }) => [
    ...findings.flatMap(({ message, advice, doubts }) => [
      message,
      ...(advice === null ? [] : [advice]),
      ...doubts,
    ]),
    ...attempts.flatMap(({ credential, answer }) => [credential, answer]),
  ])
}

/** One line of ink, without what must stay secret. */
export function isFitToShow(text: string): boolean {
  return (
    !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) &&
    !text.includes(PASSWORD) &&
    !text.includes(Buffer.from(PASSWORD).toString('base64').slice(0, 20)) &&
    !/undefined|\[object|NaN/.test(text)
  )
}
