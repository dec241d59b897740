import { isFields, parseFields } from '../json/fields.ts'
import type { Fields } from '../json/fields.ts'
import type { Action } from '../policy/action.ts'
import type { JudgedFinding } from '../policy/decision.ts'
import { decodeText } from '../yaml/decode-text.ts'
import { groupOf } from '../workload/workload-kinds.ts'
import type { ObjectIdentity } from '../workload/workload.ts'
import type { AuditOutcome, AuditedImage } from './audit-result.ts'

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
export function readBaseline(content: string | Uint8Array): Baseline {
  // Editors and shells of Windows put a byte order mark before it.
  const decoded = decodeText(content, Infinity)
  if (decoded.status === 'unreadable') throw new BaselineUnreadable(decoded.error.message)
  const report = parseFields(decoded.text)
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

/** Marks as known each finding that was there before, as severe as now. What makes a run fail has no say in it. */
export function withBaseline(outcome: AuditOutcome, baseline: Baseline): AuditOutcome {
  const objects = outcome.objects.map((audited) => ({
    ...audited,
    images: audited.images.map((image) => ({
      ...image,
      known: knownOf(audited.object, image, baseline),
    })),
  }))
  return { ...outcome, objects }
}

function knownOf(
  object: ObjectIdentity,
  { decision }: AuditedImage,
  baseline: Baseline,
): JudgedFinding[] {
  const { use } = decision.prediction
  return decision.findings.filter(({ finding, action }) => {
    const former = baseline.get(identityOf({ ...use, object }, finding.cause)) ?? 'allow'
    return SEVERITY[former] >= SEVERITY[action]
  })
}

/** Whether the baseline knows all that there is to say about an image. */
export function isKnown({ decision, known }: AuditedImage): boolean {
  return known.length > 0 && known.length === decision.findings.length
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
