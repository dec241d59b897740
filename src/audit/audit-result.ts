import type { ImageDecision, JudgedFinding } from '../policy/decision.ts'
import type { ObjectIdentity } from '../workload/workload.ts'

/** Where something stands in a file, counted from 1. */
export interface Position {
  /** As the user named it, `-` for standard input, or `kustomize build DIR`. */
  file: string
  line: number
  column: number
}

export interface AuditedImage {
  decision: ImageDecision
  /** Where the image is written; null when the object did not come from a file. */
  position: Position | null
  /** Those of its findings that were in the baseline already, as severe as now; none without a baseline. */
  known: readonly JudgedFinding[]
}

/** One object and what would be done about its images. */
export interface AuditedObject {
  object: ObjectIdentity
  images: AuditedImage[]
  /** Why its images were not judged, as a sentence; null when they were. */
  exempted: string | null
  /** The Pods that it has now, alike ones together; absent where nothing tells, as in files. */
  pods?: PodGroup[]
}

/** Pods of one object on one node with the same images. */
export interface PodGroup {
  /** Null before a node has taken them. */
  node: string | null
  images: string[]
  count: number
}

/** What of a report has one cause, registry, namespace or node. Only what is denied or warned about counts. */
export interface AuditGroup {
  key: string
  objects: number
  /** Different image names. */
  images: number
  /** Places that name an image, by what would be done. */
  deny: number
  warn: number
  /** Pods that use one of the images now. */
  pods: number
  /** Of these, how many would not come back (`certain`), or might not, after a reschedule to a node without the image. */
  blastRadius: { certain: number; possible: number }
}

/** How widespread trouble is, the widest first. */
export interface AuditGroups {
  causes: AuditGroup[]
  registries: AuditGroup[]
  namespaces: AuditGroup[]
  nodes: AuditGroup[]
}

/** Something that could not be read or judged at all. */
export interface AuditProblem {
  message: string
  position: Position | null
}

/**
 * What a run of `check` or `audit` found, wherever the objects came from. Reports keep its order, so whoever makes it puts
 * objects into one that does not change from run to run.
 */
export interface AuditOutcome {
  objects: AuditedObject[]
  problems: AuditProblem[]
  /** Of a cluster audit; absent elsewhere. */
  groups?: AuditGroups
  /** Of a cluster audit: objects that were left out since they are suspended, finished or scaled to zero. */
  inactive?: number
}
