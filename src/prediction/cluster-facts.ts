/**
 * What the predictor may ask about a cluster. Implemented by the real API (cluster/), by a folder of manifests (standalone)
 * and by the manifest files of a `check` run. An answer that could not be had is data and softens a verdict; it never denies.
 */
export type Fact<T> =
  | {
      status: 'known'
      value: T
      /** Why there may be more to it, as where only the file of an object could be read and not the cluster's; absent: it is whole. */
      unread?: string
    }
  /** The object does not exist; for lists, there is no cluster at all (manifest files judged by themselves). */
  | { status: 'absent' }
  /** We may not look (RBAC), it took too long, or this source has no such knowledge. `reason` may be shown to a user. */
  | { status: 'unknown'; reason: string }

/** A Secret's facts; `data` holds the raw base64 strings of the API. Values are never shown. */
export interface SecretFacts {
  namespace: string
  name: string
  type: string
  data: Record<string, string>
  createdAtMs: number | null
  /** Changes whenever the Secret changes: resourceVersion, or a fingerprint of the content. */
  version: string
}

export interface ServiceAccountFacts {
  namespace: string
  name: string
  imagePullSecrets: string[]
  /** Those of them that may be off the list when a Pod is made; absent: none. */
  mayGo?: string[]
}

export interface NamespaceFacts {
  name: string
  labels: Record<string, string>
  createdAtMs: number | null
}

export interface NodeFacts {
  name: string
  /** spec.providerID, such as `kind://docker/kind/kind-control-plane`; absent when the node has none. */
  providerID?: string
  os: string
  architecture: string
  labels: Record<string, string>
  taints: { key: string; value: string; effect: string }[]
  unschedulable: boolean
  ready: boolean
  /** Such as `containerd://2.1.4`. */
  containerRuntimeVersion: string
  kubeletVersion: string
  /** Windows build, such as `10.0.20348.2113`. */
  osImage: string
  kernelVersion: string
  /** Names of status.images; the kubelet lists at most 50 by default, so a list of 50 or more may be cut. */
  images: string[]
  /** An image is listed under five names, where the kubelet stops (maxNamesPerImageInNodeStatus): it may have more. */
  hasCutNames?: true
}

/** A Pod as evidence: which images it ran, and whether they were really pulled. */
export interface PodFacts {
  namespace: string
  name: string
  pullSecrets: string[]
  nodeName: string | null
  containers: {
    image: string
    imageID: string
    pullPolicy: string
  }[]
}

export interface MutatingWebhookFacts {
  /** Name of the configuration and of the webhook in it. */
  configuration: string
  webhook: string
  /** Whether it handles CREATE of pods in the namespace asked about. */
  handlesPods: boolean
}

/** What shows that nodes may be added by themselves: Karpenter's API is served, or a cluster autoscaler wrote its status. */
export type AutoscalerSign = 'karpenter' | 'cluster-autoscaler'

export interface ReadOptions {
  /** Ask the source itself, not a cache: a denial that rests on a Secret has just read that Secret. */
  fresh: boolean
  signal: AbortSignal
}

export interface ClusterFacts {
  secret(
    namespace: string,
    name: string,
    options: ReadOptions,
  ): Promise<Fact<SecretFacts>>
  serviceAccount(
    namespace: string,
    name: string,
    options: ReadOptions,
  ): Promise<Fact<ServiceAccountFacts>>
  namespace(name: string, options: ReadOptions): Promise<Fact<NamespaceFacts>>
  nodes(options: ReadOptions): Promise<Fact<readonly NodeFacts[]>>
  /**
   * Signs of an autoscaler beside those that nodes carry; only asked before a platform would deny. A source without it has
   * nothing beside its nodes.
   */
  autoscalerSigns?(options: ReadOptions): Promise<Fact<AutoscalerSign[]>>
  /** Pods of the whole cluster that run an image of this registry host. Bounded. */
  podsUsingRegistry(registry: string, options: ReadOptions): Promise<Fact<PodFacts[]>>
  /** Mutating webhooks that handle Pods of this namespace. */
  podMutators(
    namespace: string,
    options: ReadOptions,
  ): Promise<Fact<MutatingWebhookFacts[]>>
  /** Namespaces that hold a Secret of this name. Only sources whose caller may know (check, audit, explain) answer; others say unknown. */
  namespacesWithSecret(name: string, options: ReadOptions): Promise<Fact<string[]>>
}
