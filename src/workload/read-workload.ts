import type { CustomResourceRule } from './custom-resource-rule.ts'
import { defaultPullPolicy } from './default-pull-policy.ts'
import {
  MalformedField,
  below,
  entriesOf,
  fieldsOf,
  textMapOf,
  textOf,
} from './json-fields.ts'
import type { Fields } from '../json/fields.ts'
import { locatePods } from './locate-pods.ts'
import type { ImageLocation, PodLocation, PodLocations } from './locate-pods.ts'
import { anyPlacement, readPlacement } from './read-placement.ts'
import { readImages, readPullSecrets, readServiceAccountName } from './read-pod-spec.ts'
import { sameJson } from './same-json.ts'
import type {
  ControllerReference,
  ImageUse,
  ObjectIdentity,
  Workload,
} from './workload.ts'
import { valueAt } from './workload-kinds.ts'

export type WorkloadResult =
  | { status: 'workload'; workload: Workload }
  /** A kind without images, such as a Service, or a custom resource without a rule or without a template of its own. */
  | { status: 'not-a-workload' }
  /** The fields that name images have another shape than the API's. `reason` names the field, which is at `path`. */
  | { status: 'malformed'; reason: string; path: string }

export interface ReadingOptions {
  /** Namespace of objects that name none; empty by default. */
  namespace?: string
  /**
   * `admitted` (the default): what the API server shows or sends, where a Pod has been through mutation. `manifest`: a file
   * that mutation is still ahead of, so that a bare Pod counts as a template (its service account's secrets come later).
   */
  stage?: 'admitted' | 'manifest'
}

/** What an object wants pulled. Never throws, whatever the JSON. `rules` are for custom resources. */
export function readWorkload(
  object: unknown,
  rules: readonly CustomResourceRule[],
  options: ReadingOptions = {},
): WorkloadResult {
  try {
    if (object === undefined || object === null) throw new MalformedField('', 'an object')
    const fields = fieldsOf(object, '')
    const located = locatePods(fields, rules)
    if (located === null) return { status: 'not-a-workload' }
    return { status: 'workload', workload: assemble(fields, located, options) }
  } catch (error) {
    if (error instanceof MalformedField)
      return { status: 'malformed', reason: error.message, path: error.path }
    throw error
  }
}

type PodPart = Pick<
  Workload,
  | 'images'
  | 'pullSecrets'
  | 'serviceAccountName'
  | 'placement'
  | 'podLabels'
  | 'podAnnotations'
>

function assemble(
  object: Fields,
  located: PodLocations,
  options: ReadingOptions,
): Workload {
  const metadata = fieldsOf(object.metadata, 'metadata')
  const { layout } = located
  const replicas = layout.replicas === null ? null : valueAt(object, layout.replicas)
  return {
    object: readIdentity(located, metadata, options),
    form: formOf(located, options),
    ...readPods(located),
    labels: textMapOf(metadata.labels, 'metadata.labels'),
    annotations: textMapOf(metadata.annotations, 'metadata.annotations'),
    controller: readController(metadata),
    replicas: Number.isSafeInteger(replicas) ? Number(replicas) : null,
    suspended: layout.suspended.some((path) => valueAt(object, path) === true),
    deleting: textOf(metadata.deletionTimestamp, 'metadata.deletionTimestamp') !== '',
  }
}

function formOf(located: PodLocations, options: ReadingOptions): Workload['form'] {
  if (located.pods.length === 0) return 'strings'
  if (located.kind === 'Pod' && located.builtIn && options.stage !== 'manifest')
    return 'pod'
  return 'template'
}

function readIdentity(
  { apiVersion, kind }: PodLocations,
  metadata: Fields,
  options: ReadingOptions,
): ObjectIdentity {
  const namespace = textOf(metadata.namespace, 'metadata.namespace')
  const name = textOf(metadata.name, 'metadata.name')
  return { apiVersion, kind, namespace: namespace || (options.namespace ?? ''), name }
}

/** One object is judged with one set of pull settings: several templates are fine as long as these are the same. */
function readPods({ pods, images, layout }: PodLocations): PodPart {
  const [first, ...others] = pods.map((pod) => readPod(pod, layout.everyNode))
  if (!first)
    return { ...imagesOnly(), images: images.map((found) => imageString(found)) }
  if (others.length === 0 && images.length === 0) return first
  for (const [index, other] of others.entries()) {
    if (!sameJson(pullSettings(first), pullSettings(other)))
      throw new MalformedField(
        pods[index + 1]?.path ?? '',
        `a pod template with the pull secrets, service account and node selection of ${pods[0]?.path}`,
      )
  }
  const inTemplates = [first, ...others].flatMap((pod) => pod.images)
  const known = new Set(inTemplates.map((use) => use.path))
  const besides = images.filter((found) => !known.has(found.path)).map(imageString)
  return { ...first, images: [...inTemplates, ...besides] }
}

function pullSettings({ pullSecrets, serviceAccountName, placement }: PodPart): object {
  return { pullSecrets, serviceAccountName, placement }
}

function readPod({ template, path }: PodLocation, everyNode: boolean): PodPart {
  const metadataPath = below(path, 'metadata')
  const metadata = fieldsOf(template.metadata, metadataPath)
  const specPath = below(path, 'spec')
  const spec = fieldsOf(template.spec, specPath)
  return {
    images: readImages(spec, specPath),
    pullSecrets: readPullSecrets(spec, specPath),
    serviceAccountName: readServiceAccountName(spec, specPath),
    placement: readPlacement(spec, specPath, everyNode),
    podLabels: textMapOf(metadata.labels, below(metadataPath, 'labels')),
    podAnnotations: textMapOf(metadata.annotations, below(metadataPath, 'annotations')),
  }
}

function imagesOnly(): PodPart {
  return {
    images: [],
    pullSecrets: [],
    serviceAccountName: null,
    placement: anyPlacement(),
    podLabels: {},
    podAnnotations: {},
  }
}

function imageString({ image, path }: ImageLocation): ImageUse {
  const pullPolicy = defaultPullPolicy(image)
  return { image, path, container: null, role: 'custom', pullPolicy }
}

function readController(metadata: Fields): ControllerReference | null {
  const owners = entriesOf(metadata.ownerReferences, 'metadata.ownerReferences')
  const owner = owners.find(({ fields }) => fields.controller === true)
  if (!owner) return null
  return {
    apiVersion: textOf(owner.fields.apiVersion, below(owner.path, 'apiVersion')),
    kind: textOf(owner.fields.kind, below(owner.path, 'kind')),
    name: textOf(owner.fields.name, below(owner.path, 'name')),
  }
}
