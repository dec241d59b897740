import type { CauseCode } from '../../prediction/causes.ts'
import type { ObjectIdentity } from '../../workload/workload.ts'

/** What a person would have looked at by hand, in this order. */
export type StepName =
  | 'reference'
  | 'namespace'
  | 'secret'
  | 'registry'
  | 'tls'
  | 'rate-limit'
  | 'existence'
  | 'platform'
  | 'other-pods'
  | 'kubelet'

/** One step. All texts are single lines that are fit to be shown. */
export interface Step {
  name: StepName
  /** `unknown`: it could not be seen from here, or nothing speaks for or against it. */
  outcome: 'ok' | 'problem' | 'unknown'
  summary: string
  evidence: string[]
}

/**
 * `failing`: it fails and would fail now. `transient`: the kubelet failed, and it would be pulled now. `at-risk`: the Pod has its
 * image, and would not get it again. `start`: the image is there and does not start. `unknown`: it could not be looked up.
 * `fine`: nothing is wrong with it.
 */
export type ImageState =
  'failing' | 'transient' | 'at-risk' | 'start' | 'unknown' | 'fine'

export interface ExplainedImage {
  /** Name of the container or volume, else the field. */
  container: string
  image: string
  state: ImageState
  /** One or two sentences. */
  conclusion: string
  cause: CauseCode | null
  certainty: 'certain' | 'uncertain' | null
  /** What the kubelet said; null when it has nothing to complain about, or there is no Pod. */
  kubelet: {
    reason: string
    message: string
    /** Our word for the class of the text; null for one that is not known. */
    class: string | null
    since: string | null
    failures: number | null
    /** Whether what we found explains what it said; null where either is not known. */
    agrees: boolean | null
  } | null
  steps: Step[]
  /** The next thing to type or do; null where there is none. */
  fix: string | null
}

export interface Explanation {
  object: ObjectIdentity
  /** The Pod that was looked at; null when there is none, and the template was judged. */
  pod: {
    namespace: string
    name: string
    node: string | null
    phase: string
    createdAt: string | null
  } | null
  images: ExplainedImage[]
  /** What could not be seen, as sentences. */
  notes: string[]
}
