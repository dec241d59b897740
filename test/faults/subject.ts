import { deploymentReview, podReview } from '../support/admission-reviews.ts'
import type { AdmissionReview } from '../support/admission-reviews.ts'
import type { Verdict } from '../support/webhook.ts'

/** What is the case whatever fails: the image pulls, or it never will, for this cause. */
export type Truth = 'pulls' | 'ImageNotFound' | 'CredentialsRejected'

/** Something that people apply, again and again. */
export interface Subject {
  name: string
  truth: Truth
  /** Of the next review: one of few, which are remembered, or one that was never asked for. */
  image: () => string
  secret: string | null
}

export const NAMESPACE = 'team-a'

export type Form = 'pod' | 'deployment'

export function reviewOf(subject: Subject, form: Form): AdmissionReview {
  const options = {
    namespace: NAMESPACE,
    images: [subject.image()],
    ...(subject.secret === null ? {} : { imagePullSecrets: [subject.secret] }),
  }
  return form === 'pod' ? podReview(options) : deploymentReview(options)
}

/** Denied although it pulls, or for something else than what is the case: what fails for a while denies nothing. */
export function isWronglyDenied(
  { truth }: Subject,
  { action, message }: Verdict,
): boolean {
  if (action !== 'deny') return false
  return truth === 'pulls' || !message.includes(`[${truth}]`)
}

/** Judged as if nothing failed. */
export function isFullyJudged({ truth }: Subject, verdict: Verdict): boolean {
  return truth === 'pulls'
    ? verdict.action === 'allow'
    : verdict.message.includes(`[${truth}]`)
}

/** Goes round the tags `v0`, `v1`, ... that a registry has. */
export function tagsInTurn(image: string, count: number): () => string {
  let next = 0
  return () => `${image}:v${next++ % count}`
}

/** Never the same twice. */
export function newTags(image: string): () => string {
  let next = 0
  return () => `${image}:gone-${next++}`
}
