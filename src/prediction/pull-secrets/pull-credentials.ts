import type { Keyring } from '../../credentials/keyring.ts'
import type { Finding } from '../finding.ts'
import type { NamedSecret } from './named-secret.ts'

/** The pull secrets of one object, read once for all its images. */
export interface PullCredentials {
  namespace: string
  serviceAccount: string
  /** `object`: its own list; `service-account`: its list is empty and that of the service account counts. */
  listFrom: 'object' | 'service-account'
  /** What the service account lists, whether it counts or not (then it is only asked for here); null when it cannot be read. */
  serviceAccountSecrets: () => Promise<string[] | null>
  /** Namespaces that do have a Secret of this name; null where the caller may not know. */
  namespacesWithSecret: (name: string) => Promise<string[] | null>
  secrets: NamedSecret[]
  keyring: Keyring
  /** A secret that cannot be decoded: no image of the Pod is pulled (pull-semantics 3.1.4). */
  malformed: Finding | null
  /** What else is wrong with the secrets; never certain, since an image may pull all the same. */
  findings: Finding[]
  /** Why secrets or the service account could not all be read; null when they were. */
  unread: string | null
  /** A secret or the service account that does not exist, as a full sentence. */
  missingReference: string | null
}
