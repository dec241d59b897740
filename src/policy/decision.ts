import type { Finding } from '../prediction/finding.ts'
import type { ImagePrediction } from '../prediction/prediction.ts'
import type { Action, Mode } from './action.ts'

/** What the policy makes of one finding. */
export interface JudgedFinding {
  finding: Finding
  action: Action
}

/** What the policy makes of one image. */
export interface ImageDecision {
  prediction: ImagePrediction
  /** What enforcing would do; reports use this whatever the mode. */
  action: Action
  /** The finding that names the verdict; null when there is nothing to say. */
  leading: JudgedFinding | null
  /** Every finding with an action other than allow, leading first. */
  findings: JudgedFinding[]
}

/** Why an object was let through without judging its images. */
export interface Exemption {
  kind: 'namespace' | 'user' | 'service-account' | 'skip-annotation' | 'mode-off'
  /** The matching pattern, or the annotation's reason. */
  reason: string
}

export interface Decision {
  mode: Mode
  /** What is really done in this mode. */
  action: Action
  /** What `enforce` would have done. */
  enforcing: Action
  images: ImageDecision[]
  exemption: Exemption | null
  /** Why nothing of this object is denied although it might be (controller-made Pod, restart only), as full sentences. */
  ceilings: string[]
}
