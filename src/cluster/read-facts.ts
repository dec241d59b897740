import { createHash } from 'node:crypto'

import type {
  NamespaceFacts,
  NodeFacts,
  SecretFacts,
  ServiceAccountFacts,
} from '../prediction/cluster-facts.ts'
import type { Fields } from '../json/fields.ts'
import {
  fieldsList,
  fieldsOrEmpty,
  textList,
  textMap,
  textOrEmpty,
} from './lenient-fields.ts'

/** Identity of an object that is read; the namespace of a manifest may be a default that its fields do not show. */
export interface ObjectIdentity {
  namespace: string
  name: string
}

/** `stringData` is merged over `data` as base64, as the API server does on write. */
export function readSecret(
  fields: Fields,
  { namespace, name }: ObjectIdentity,
): SecretFacts {
  const written = Object.entries(textMap(fields.stringData)).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ])
  const data = { ...textMap(fields.data), ...Object.fromEntries(written) }
  const type = textOrEmpty(fields.type) || 'Opaque'
  // Not the resourceVersion: a file that was exported from a cluster keeps it while its content is edited.
  const version = fingerprint([type, data])
  return { namespace, name, type, data, createdAtMs: createdAtMs(fields), version }
}

export function readServiceAccount(
  fields: Fields,
  { namespace, name }: ObjectIdentity,
): ServiceAccountFacts {
  const imagePullSecrets = secretNames(fields.imagePullSecrets)
  return { namespace, name, imagePullSecrets }
}

/** The label `kubernetes.io/metadata.name` is set by the API server on every Namespace, so a manifest has it too. */
export function readNamespace(fields: Fields, name: string): NamespaceFacts {
  const labels = {
    ...textMap(fieldsOrEmpty(fields.metadata).labels),
    'kubernetes.io/metadata.name': name,
  }
  return { name, labels, createdAtMs: createdAtMs(fields) }
}

/** Names of imagePullSecrets in order; an entry without a name is the empty string. */
export function secretNames(value: unknown): string[] {
  return fieldsList(value).map((entry) => textOrEmpty(entry.name))
}

/** Of one image, as a kubelet lists it (its maxNamesPerImageInNodeStatus). */
const MAX_NAMES = 5

/** A hand-written Node may have labels for nodeInfo, and no conditions: then it counts as ready. */
export function readNode(fields: Fields, name: string): NodeFacts {
  const spec = fieldsOrEmpty(fields.spec)
  const status = fieldsOrEmpty(fields.status)
  const info = textMap(status.nodeInfo)
  const labels = textMap(fieldsOrEmpty(fields.metadata).labels)
  const readiness = fieldsList(status.conditions).find(({ type }) => type === 'Ready')
  const providerID = textOrEmpty(spec.providerID)
  const images = fieldsList(status.images).map(({ names }) => textList(names))
  return {
    name,
    ...(providerID === '' ? {} : { providerID }),
    os: info.operatingSystem || labels['kubernetes.io/os'] || '',
    architecture: info.architecture || labels['kubernetes.io/arch'] || '',
    labels,
    taints: fieldsList(spec.taints).map(({ key, value, effect }) => ({
      key: textOrEmpty(key),
      value: textOrEmpty(value),
      effect: textOrEmpty(effect),
    })),
    unschedulable: spec.unschedulable === true,
    ready: readiness === undefined || readiness.status === 'True',
    containerRuntimeVersion: info.containerRuntimeVersion ?? '',
    kubeletVersion: info.kubeletVersion ?? '',
    osImage: info.osImage ?? '',
    kernelVersion: info.kernelVersion ?? '',
    images: images.flat(),
    ...(images.some((names) => names.length >= MAX_NAMES) ? { hasCutNames: true } : {}),
  }
}

function createdAtMs(fields: Fields): number | null {
  const written = textOrEmpty(fieldsOrEmpty(fields.metadata).creationTimestamp)
  const atMs = Date.parse(written)
  return Number.isNaN(atMs) ? null : atMs
}

/** For comparison only; never shown. */
function fingerprint(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url')
}
