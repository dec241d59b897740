import type { PullSecretReading } from '../../credentials/pull-secret.ts'
import type { Fact, SecretFacts } from '../cluster-facts.ts'

/** One entry of the list of pull secrets, and what the kubelet makes of it. */
export interface NamedSecret {
  namespace: string
  /** Empty for an entry without a name. */
  name: string
  fact: Fact<SecretFacts> | { status: 'unnamed' }
  reading: PullSecretReading | null
  /** It may be off the service account's list when a Pod is made. */
  mayGo?: true
}
