import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface ReviewOptions {
  namespace: string
  /** One container for each, named c0, c1, ... */
  images: readonly string[]
  imagePullSecrets?: readonly string[]
  serviceAccount?: string
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
}

export interface AdmissionReview {
  request: { uid: string; namespace: string; object: WorkloadObject }
}

interface WorkloadObject {
  metadata: { name: string; namespace: string }
  spec: PodSpec & { template?: { spec: PodSpec } }
}

interface PodSpec {
  containers: Record<string, unknown>[]
  imagePullSecrets?: { name: string }[]
  serviceAccountName?: string
  serviceAccount?: string
}

/** What an API server sends when a bare Pod is created: a recorded body with another image. */
export function podReview(options: ReviewOptions): AdmissionReview {
  const review = recording('pod-create')
  return changed(review, review.request.object.spec, options)
}

/** The same for a Deployment, whose template is not a Pod yet. */
export function deploymentReview(options: ReviewOptions): AdmissionReview {
  const review = recording('deployment-create')
  const { template } = review.request.object.spec
  if (!template) throw new Error('the recorded Deployment has a template')
  return changed(review, template.spec, options)
}

function recording(name: string): AdmissionReview {
  const file = new URL(`../recordings/${name}.json`, import.meta.url)
  // Recorded bodies of an API server: their shape is known.
  return JSON.parse(readFileSync(file, 'utf8')) as AdmissionReview
}

function changed(
  review: AdmissionReview,
  spec: PodSpec,
  options: ReviewOptions,
): AdmissionReview {
  const { request } = review
  request.uid = randomUUID()
  request.namespace = options.namespace
  request.object.metadata.namespace = options.namespace
  const [container] = spec.containers
  spec.containers = options.images.map((image, index) => ({
    ...container,
    name: `c${index}`,
    image,
    imagePullPolicy: options.imagePullPolicy ?? 'IfNotPresent',
  }))
  if (options.imagePullSecrets) {
    spec.imagePullSecrets = options.imagePullSecrets.map((name) => ({ name }))
  }
  if (options.serviceAccount !== undefined) {
    spec.serviceAccountName = options.serviceAccount
    spec.serviceAccount = options.serviceAccount
  }
  return review
}
