import type { ImageDecision } from '../policy/decision.ts'
import type { ObjectIdentity } from '../workload/workload.ts'

/** Where something stands in a file, counted from 1. */
export interface Position {
  file: string
  line: number
  column: number
}

export interface AuditedImage {
  decision: ImageDecision
  /** Where the image is written; null when the object did not come from a file. */
  position: Position | null
}

/** One object and what would be done about its images. */
export interface AuditedObject {
  object: ObjectIdentity
  images: AuditedImage[]
  /** Why its images were not judged, as a sentence; null when they were. */
  exempted: string | null
}

/** Something that could not be read or judged at all. */
export interface AuditProblem {
  message: string
  position: Position | null
}

export interface AuditOutcome {
  objects: AuditedObject[]
  problems: AuditProblem[]
}
