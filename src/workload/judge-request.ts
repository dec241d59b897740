import { printable } from '../text/printable.ts'
import type { AdmissionRequest } from './admission-request.ts'
import { changedImages, changesPullConditions } from './changed-images.ts'
import type { CustomResourceRule } from './custom-resource-rule.ts'
import { isFields } from '../json/fields.ts'
import { locatePods } from './locate-pods.ts'
import { readWorkload } from './read-workload.ts'
import { sameJson } from './same-json.ts'
import type { ImageUse, Workload } from './workload.ts'

const MIRROR_POD = 'kubernetes.io/config.mirror'

/** Why a request passes without a look at its images. The codes are stable: they go into logs and metrics. */
export type PassReason =
  | 'delete'
  | 'connect'
  | 'subresource'
  | 'own-namespace'
  /** Allowed, but the user should be told: `detail` says which field cannot be read. */
  | 'malformed-object'
  | 'not-a-workload'
  | 'deleting'
  | 'mirror-pod'
  | 'no-images'
  | 'scale-down'
  | 'unchanged'

export interface Passed {
  judge: false
  reason: PassReason
  /** A full sentence. */
  detail: string
}

export interface ToJudge {
  judge: true
  workload: Workload
  /** The images to be judged, a subset of workload.images. */
  images: ImageUse[]
  /** Why at most a warning is due, as full sentences; empty when a denial may be. */
  ceilings: string[]
}

export type Judgement = Passed | ToJudge

export interface JudgeContext {
  /** The namespace of this release; null when it is not known. */
  ownNamespace: string | null
}

/**
 * What of a request is to be judged: on CREATE everything, on UPDATE only what changed. Where Pods start again with images
 * that did not change (a rollout restart, another environment variable), and where the object starts no Pods for now
 * (no replicas, suspended), at most a warning is due. Never throws, whatever the JSON.
 */
export function judgeRequest(
  request: AdmissionRequest,
  rules: readonly CustomResourceRule[],
  context: JudgeContext,
): Judgement {
  const passed = passByRequest(request, context)
  if (passed) return passed
  const read = readWorkload(request.object, rules, { namespace: request.namespace })
  if (read.status === 'malformed')
    return pass('malformed-object', `The object cannot be judged: ${read.reason}.`)
  if (read.status === 'not-a-workload')
    return pass('not-a-workload', 'The object names no images.')
  const workload = withRequestIdentity(read.workload, request)
  const passedByState = passByState(workload)
  if (passedByState) return passedByState
  if (request.operation === 'CREATE') return judgeImages(workload, workload.images)
  return judgeUpdate(request, workload, rules)
}

function passByRequest(
  { operation, subResource, namespace }: AdmissionRequest,
  { ownNamespace }: JudgeContext,
): Passed | null {
  if (operation === 'DELETE') return pass('delete', 'A deletion pulls nothing.')
  if (operation === 'CONNECT') return pass('connect', 'A connection pulls nothing.')
  // scale carries no template: the Pods are seen instead. status, eviction, binding and resize change no image.
  if (subResource !== '' && subResource !== 'ephemeralcontainers')
    return pass(
      'subresource',
      `The subresource ${printable(subResource, 60)} brings no images.`,
    )
  if (ownNamespace !== null && namespace === ownNamespace)
    return pass('own-namespace', 'The namespace of Pullgate itself is never judged.')
  return null
}

function passByState(workload: Workload): Passed | null {
  if (workload.deleting) return pass('deleting', 'The object is being deleted.')
  if (workload.form === 'pod' && MIRROR_POD in workload.annotations)
    return pass('mirror-pod', 'A mirror Pod only shows what a kubelet already runs.')
  if (workload.images.length === 0)
    return pass('no-images', 'The object names no images.')
  return null
}

function judgeUpdate(
  request: AdmissionRequest,
  workload: Workload,
  rules: readonly CustomResourceRule[],
): Judgement {
  const old = readWorkload(request.oldObject, rules, { namespace: request.namespace })
  const before = old.status === 'workload' ? old.workload : null
  // Nothing to compare with: as good as new.
  const changed = before ? changedImages(before, workload) : workload.images
  if (request.subResource === 'ephemeralcontainers')
    return judgeDebugging(workload, changed)
  if (before === null) return judgeImages(workload, changed)
  if (workload.form === 'pod') return judgePodUpdate(workload, changed)
  if (changesPullConditions(before, workload))
    return judgeImages(workload, workload.images)
  if (changed.length > 0) return judgeImages(workload, changed)
  const restart = restartCeiling(request, rules)
  if (restart !== null) return judgeImages(workload, workload.images, [restart])
  if (isScaleDown(before, workload))
    return pass('scale-down', 'Fewer replicas pull nothing.')
  return unchanged()
}

/** The Pod may be a controller's, but the new container is not: whoever types `kubectl debug` sees the answer. */
function judgeDebugging(workload: Workload, changed: ImageUse[]): Judgement {
  const added = changed.filter((use) => use.role === 'ephemeralContainer')
  if (added.length === 0) return unchanged()
  return judgeImages({ ...workload, controller: null }, added)
}

function judgePodUpdate(workload: Workload, changed: ImageUse[]): Judgement {
  if (changed.length === 0) return unchanged()
  if (!changed.some((use) => use.role === 'initContainer'))
    return judgeImages(workload, changed)
  return judgeImages(workload, changed, [
    'The init containers of a Pod that already runs are pulled again only when it is restarted.',
  ])
}

function judgeImages(
  workload: Workload,
  images: ImageUse[],
  ceilings: string[] = [],
): ToJudge {
  return {
    judge: true,
    workload,
    images,
    ceilings: [...ceilings, ...standingCeilings(workload)],
  }
}

/** Why an object is not denied, whatever the request changes. For controller-made Pods the configuration decides. */
function standingCeilings(workload: Workload): string[] {
  const { kind } = workload.object
  const ceilings: string[] = []
  if (workload.replicas === 0)
    ceilings.push(`The ${kind} wants no Pods now, so nothing is pulled yet.`)
  if (workload.suspended)
    ceilings.push(`The ${kind} is paused or suspended, so nothing is pulled yet.`)
  // Its author does not see the answer, and was told when the owner was applied.
  if (workload.form !== 'pod' && workload.controller !== null)
    ceilings.push(`The ${kind} is made by a ${printable(workload.controller.kind, 60)}.`)
  return ceilings
}

/** Null when the pod templates did not change: then no Pod starts again. */
function restartCeiling(
  { object, oldObject }: AdmissionRequest,
  rules: readonly CustomResourceRule[],
): string | null {
  const before = templatesOf(oldObject, rules)
  const after = templatesOf(object, rules)
  if (sameJson(before, after)) return null
  if (sameJson(before.map(specOf), after.map(specOf)))
    return 'This only restarts the Pods with the images they had.'
  return 'The pod template changed, but its images are the ones it had.'
}

function templatesOf(
  object: unknown,
  rules: readonly CustomResourceRule[],
): Record<string, unknown>[] {
  if (!isFields(object)) return []
  return locatePods(object, rules)?.pods.map((pod) => pod.template) ?? []
}

function specOf(template: Record<string, unknown>): unknown {
  return template.spec
}

function isScaleDown(before: Workload, after: Workload): boolean {
  return (
    before.replicas !== null &&
    after.replicas !== null &&
    after.replicas < before.replicas
  )
}

/**
 * The namespace that decides about exemptions is also the one whose secrets are read, and with generateName the object may
 * lack the name that the API server already knows.
 */
function withRequestIdentity(
  workload: Workload,
  { name, namespace }: AdmissionRequest,
): Workload {
  const { object } = workload
  const identity = { name: object.name || name, namespace: namespace || object.namespace }
  return { ...workload, object: { ...object, ...identity } }
}

function unchanged(): Passed {
  return pass('unchanged', 'Nothing that decides about pulling changed.')
}

function pass(reason: PassReason, detail: string): Passed {
  return { judge: false, reason, detail }
}
