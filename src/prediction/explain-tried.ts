import type { ReferenceRemark } from '../reference/diagnose-valid-reference.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import type {
  FoundManifest,
  ImagePlatformReader,
  LookupResult,
  RegistryClient,
} from '../registry/lookup.ts'
import { printable } from '../text/printable.ts'
import type { ImageUse, Workload } from '../workload/workload.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import { explainMissing } from './diagnose-missing.ts'
import { explainConnection } from './explain-connection.ts'
import { explainContent } from './explain-content.ts'
import { explainHealth, staleSecret } from './credential-health.ts'
import { explainRefusal } from './explain-refusal.ts'
import { explainChildren } from './explain-children.ts'
import { explainConfig } from './explain-config.ts'
import type { Finding } from './finding.ts'
import type { CachedLookup } from './lookup-cache.ts'
import type { NodeCredentialEvidence } from './node-credentials.ts'
import { explainPlatforms } from './platform-verdict.ts'
import type { WantedPlatforms } from './platform-verdict.ts'
import type { PullCredentials } from './pull-credentials.ts'
import { explainRateLimitNear } from './rate-limit-near.ts'
import { decidingAttempt } from './try-credentials.ts'
import type { TriedCredential } from './try-credentials.ts'

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

export interface Explained {
  digest: string | null
  findings: Finding[]
}

/** Turns the answers of the registry to each credential into findings. The first finding names the verdict. */
export async function explainTried(options: ExplainOptions): Promise<Explained> {
  const deciding = decidingAttempt(options.tried)
  if (deciding === undefined) return { digest: null, findings: [] }
  const { result } = deciding
  switch (result.outcome) {
    case 'found':
      return { digest: result.digest, findings: await explainFound(result, options) }
    case 'not-found':
      return failed(
        await explainMissing(result, deciding.match?.credential ?? null, options),
      )
    case 'unauthorized':
    case 'forbidden':
      return refused(deciding, options)
    case 'unusable':
      return failed(
        explainContent(result, { allContainerd21: await options.allContainerd21() }),
      )
    default:
      return failed(explainConnection(result))
  }

  function failed(finding: Finding): Explained {
    return {
      digest: null,
      findings: [withDoubtsOf(result, finding), ...options.credentials.findings],
    }
  }
}

async function refused(
  deciding: TriedCredential,
  options: ExplainOptions,
): Promise<Explained> {
  const { finding, about } = await explainRefusal(deciding, options)
  return {
    digest: null,
    findings: [
      withDoubtsOf(deciding.result, finding),
      ...about,
      ...options.credentials.findings,
    ],
  }
}

function withDoubtsOf(result: LookupResult, finding: Finding): Finding {
  const doubts = [...finding.doubts, ...doubtsOfAnswer(result)]
  const certainty = doubts.length > 0 ? 'uncertain' : finding.certainty
  return { ...finding, doubts, certainty }
}

/** What the way to an answer leaves open: another host of the node might have answered differently. */
function doubtsOfAnswer(result: LookupResult): string[] {
  const { doubts = [], redirected, servedBy } = result.evidence
  if (result.outcome !== 'unauthorized' || result.reason !== 'no-challenge') return doubts
  if (!redirected) return doubts
  return [
    ...doubts,
    `The answer came from ${servedBy ?? 'another host'} after a redirect.`,
  ]
}

async function explainFound(
  found: FoundManifest,
  options: ExplainOptions,
): Promise<Finding[]> {
  const name = printable(options.use.image)
  const wanted = await options.wantedPlatforms()
  const credential = decidingAttempt(options.tried)?.match?.credential ?? null
  const findings: (Finding | null)[] = [
    explainPlatforms(name, found, wanted),
    await explainChildren(name, found, { ...options, wanted, credential }),
    await explainConfig(name, found, { ...options, wanted, credential }),
    ...options.tried.slice(0, -1).map((tried) => staleSecret(tried, options)),
    ...explainHealth(options),
    explainRateLimitNear(found.evidence),
    ...options.credentials.findings,
  ]
  return findings.filter((finding) => finding !== null)
}
