export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never'

export type ImageRole =
  'container' | 'initContainer' | 'ephemeralContainer' | 'volume' | 'custom'

/** One place of an object that names an image. */
export interface ImageUse {
  /** Exactly as written. */
  image: string
  /** The field, such as `spec.template.spec.containers[0].image`. */
  path: string
  /** Name of the container or volume; null where the place has no name (custom resources). */
  container: string | null
  role: ImageRole
  /** As written, or as the API server would default it (pull-semantics 2.1: `latest` or no tag means Always). */
  pullPolicy: PullPolicy
}

export interface ObjectIdentity {
  apiVersion: string
  kind: string
  /** Empty for objects without a namespace. */
  namespace: string
  /** Empty when only generateName is set and the name is not known yet. */
  name: string
}

export interface ControllerReference {
  apiVersion: string
  kind: string
  name: string
}

export interface Toleration {
  key: string
  operator: 'Exists' | 'Equal'
  value: string
  /** Empty tolerates every effect. */
  effect: string
}

export interface NodeSelectorRequirement {
  key: string
  operator: string
  values: string[]
}

export interface NodeSelectorTerm {
  matchExpressions: NodeSelectorRequirement[]
  matchFields: NodeSelectorRequirement[]
}

/** Everything of a pod spec that decides on which nodes it may land. */
export interface Placement {
  nodeName: string | null
  nodeSelector: Record<string, string>
  /** requiredDuringSchedulingIgnoredDuringExecution; null when there is none. Terms are ORed. */
  requiredNodeAffinity: NodeSelectorTerm[] | null
  tolerations: Toleration[]
  /** spec.os.name */
  os: string | null
  /** Present where spec.schedulingGates hold the Pod back: whoever lifts them may first add tolerations. */
  isGated?: true
  /** A DaemonSet puts a Pod on every eligible node and tolerates the node condition taints. */
  everyNode: boolean
}

/**
 * What one object wants pulled. `pod`: a Pod that has been through mutation and is judged as it is. `template`: an object
 * from which a controller will make Pods. `strings`: a custom resource that only names images, without pod settings.
 */
export interface Workload {
  object: ObjectIdentity
  form: 'pod' | 'template' | 'strings'
  images: ImageUse[]
  /** spec.imagePullSecrets[].name in order, empty names kept as ''. */
  pullSecrets: string[]
  /** As written in the pod spec; null when the field is absent or empty (then `default`). */
  serviceAccountName: string | null
  placement: Placement
  /** Labels and annotations of the object itself. */
  labels: Record<string, string>
  annotations: Record<string, string>
  /** Labels and annotations of the pod template; for Pods the same as the object's. */
  podLabels: Record<string, string>
  podAnnotations: Record<string, string>
  /** The owner reference with `controller: true`. */
  controller: ControllerReference | null
  /** spec.replicas, parallelism or the like; null where the kind has none or it is not set. */
  replicas: number | null
  /** spec.suspend of Jobs and CronJobs, spec.paused of Deployments. */
  suspended: boolean
  /** metadata.deletionTimestamp is set. */
  deleting: boolean
}
