import { shownKey } from './shown-key.ts'

export interface PullSecretMalformedFacts {
  /** Go's text, such as `illegal base64 data at input byte 0`; never holds anything of the secret. */
  reason: string
  /** The key of `auths` whose entry is broken, or null when it is the document itself. */
  key: string | null
}

/**
 * A docker config that the kubelet cannot decode. One such entry blocks every image of the Pod, whatever registry it names.
 * (pull-semantics 3.1.4: "Malformed content aborts everything")
 */
export class PullSecretMalformed extends Error {
  readonly code = 'PullSecretMalformed'
  readonly reason: string
  readonly key: string | null

  constructor(facts: PullSecretMalformedFacts) {
    const key = facts.key === null ? null : shownKey(facts.key)
    super(key === null ? facts.reason : `entry "${key}": ${facts.reason}`)
    this.name = 'PullSecretMalformed'
    this.reason = facts.reason
    this.key = key
  }
}
