import { isFields, parseFields } from '../json/fields.ts'
import type { Fields } from '../json/fields.ts'
import type { Action } from '../policy/action.ts'
import { groupOf } from '../workload/workload-kinds.ts'
import type { ObjectIdentity } from '../workload/workload.ts'
import type { AuditOutcome, AuditedImage } from './audit-result.ts'
import { isFailing } from './fail-on.ts'
import type { FailOn } from './fail-on.ts'

/** What a former report knew, by identity. */
export type Baseline = ReadonlyMap<string, Action>

/** The file is no JSON report of check or audit. */
export class BaselineUnreadable extends Error {
  readonly code = 'BaselineUnreadable'
}

const SEVERITY = { allow: 0, warn: 1, deny: 2 } as const

interface Place {
  object: ObjectIdentity
  path: string
  container: string | null
  image: string
}

/**
 * One finding from run to run: object, container, image and cause. Neither the file with its lines nor the index of a container
 * in its list counts, nor the version of an API group.
 */
export function identityOf(place: Place, cause: string): string {
  const { object, path, container, image } = place
  const { apiVersion, kind, namespace, name } = object
  const field = path.replaceAll(/\[\d+\]/g, container === null ? '$&' : '[]')
  return JSON.stringify([
    groupOf(apiVersion),
    kind,
    namespace,
    name,
    field,
    container,
    image,
    cause,
  ])
}

/** Reads a JSON report of a former run. Throws BaselineUnreadable. */
export function readBaseline(text: string): Baseline {
  const report = parseFields(text)
  if (report === null || !Array.isArray(report.results)) {
    throw new BaselineUnreadable('this is no JSON report of check or audit')
  }
  const baseline = new Map<string, Action>()
  for (const { object, image } of entriesOf(report.results)) {
    const place = placeOf(object, image)
    for (const { cause, action } of [image, ...fieldsIn(image.findings)]) {
      if (typeof cause !== 'string' || !isAction(action)) continue
      const identity = identityOf(place, cause)
      const former = baseline.get(identity) ?? 'allow'
      baseline.set(identity, SEVERITY[action] > SEVERITY[former] ? action : former)
    }
  }
  return baseline
}

/** Marks as known each image of which every failing finding was there before, as severe as now. */
export function withBaseline(
  outcome: AuditOutcome,
  baseline: Baseline,
  failOn: FailOn,
): AuditOutcome {
  const objects = outcome.objects.map((audited) => ({
    ...audited,
    images: audited.images.map((image) => ({
      ...image,
      known: isKnown(audited.object, image, { baseline, failOn }),
    })),
  }))
  return { ...outcome, objects }
}

function isKnown(
  object: ObjectIdentity,
  { decision }: AuditedImage,
  { baseline, failOn }: { baseline: Baseline; failOn: FailOn },
): boolean {
  const { use } = decision.prediction
  const failing = decision.findings.filter(({ action }) => isFailing(action, failOn))
  if (failing.length === 0) return false
  return failing.every(({ finding, action }) => {
    const former = baseline.get(identityOf({ ...use, object }, finding.cause)) ?? 'allow'
    return SEVERITY[former] >= SEVERITY[action]
  })
}

function entriesOf(results: readonly unknown[]): { object: Fields; image: Fields }[] {
  return fieldsIn(results).flatMap((result) => {
    const object = isFields(result.object) ? result.object : {}
    return fieldsIn(result.images).map((image) => ({ object, image }))
  })
}

function fieldsIn(list: unknown): Fields[] {
  return Array.isArray(list) ? list.filter(isFields) : []
}

function placeOf(object: Fields, image: Fields): Place {
  return {
    object: {
      apiVersion: textOf(object.apiVersion),
      kind: textOf(object.kind),
      namespace: textOf(object.namespace),
      name: textOf(object.name),
    },
    path: textOf(image.path),
    container: typeof image.container === 'string' ? image.container : null,
    image: textOf(image.image),
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isAction(value: unknown): value is Action {
  return value === 'allow' || value === 'warn' || value === 'deny'
}
