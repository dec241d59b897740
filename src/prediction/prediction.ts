import type { ImageReference } from '../reference/image-reference.ts'
import type { ImageUse } from '../workload/workload.ts'
import type { Finding } from './finding.ts'

/** What was found out about one image of one object. No findings: it will be pulled. */
export interface ImagePrediction {
  use: ImageUse
  /** null when the image name does not parse, or is filled in later. */
  reference: ImageReference | null
  /** Something in the cluster replaces the name as written, so that nothing is known of the image; absent where nothing does. */
  filledInLater?: true
  /** The digest that the registry answered; null when it did not. */
  digest: string | null
  /** Most severe first. */
  findings: Finding[]
  /** How each credential fared, in the kubelet's order; for people, without secrets. */
  attempts: Attempt[]
  /**
   * Something that was found rests on an answer without a sign of a registry, whose host served no image so far: judged anew once
   * that is known for sure, it may be a doubt.
   */
  provisional?: true
  /** What the nodes were seen to be, in thorough predictions. */
  nodes?: NodeEvidence
  /** Platforms of an index, as `os/architecture[/variant]`, in thorough predictions; null where they are not known. */
  platforms?: string[] | null
}

/** The nodes that the verdict was made for. */
export interface NodeEvidence {
  /** Nodes of the cluster, and those that the Pod may land on; 0 where they are not known. */
  total: number
  eligible: number
  /** The platforms that were asked for; `nodes` is 0 where the configuration names them. */
  platforms: { platform: string; nodes: number }[]
  /** Eligible nodes that list the image. */
  withImage: number
}

/** One attempt the kubelet would make. */
export interface Attempt {
  /** `secret team-a/acme-pull (key "registry.acme.io")`, or `anonymous`. */
  credential: string
  /** What the registry answered, in words. */
  answer: string
}
