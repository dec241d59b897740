import type { ReferenceRemark } from '../../reference/diagnose-valid-reference.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import type { ImagePlatformReader } from '../../registry/image-platform.ts'
import type { RegistryClient } from '../../registry/lookup.ts'
import type { ImageUse, Workload } from '../../workload/workload.ts'
import type { ClusterFacts } from '../cluster-facts.ts'
import type { CachedLookup } from '../lookups/lookup-cache.ts'
import type { NodeCredentialEvidence } from '../node-credentials/node-credentials.ts'
import type { WantedPlatforms } from '../nodes/wanted-platforms.ts'
import type { PullCredentials } from '../pull-secrets/pull-credentials.ts'
import type { TriedCredential } from '../lookups/try-credentials.ts'

/** What the explanations of one image start from. */
export interface ExplainOptions {
  tried: readonly TriedCredential[]
  use: ImageUse
  workload: Workload
  facts: Pick<ClusterFacts, 'podsUsingRegistry'>
  reference: ImageReference
  remarks: readonly ReferenceRemark[]
  credentials: PullCredentials
  lookups: CachedLookup
  client: Pick<RegistryClient, 'tags'> & Partial<ImagePlatformReader>
  /** What is known about credentials of the nodes for an image (registry and repository). */
  nodeCredentials: (image: string, signal: AbortSignal) => Promise<NodeCredentialEvidence>
  /** The platforms of the nodes. */
  wantedPlatforms: () => Promise<WantedPlatforms>
  /** Whether every eligible node runs containerd 2.1 or later; asked only where versions differ. */
  allContainerd21: () => Promise<boolean>
  /** Wall clock, milliseconds since 1970: credentials that expire say when. */
  wallClock: () => number
  /** Also tell of what does no harm yet, such as a pull secret that stands behind another: for reports, not for a deploy. */
  thorough?: boolean
  signal: AbortSignal
}
