import { isAnonymous } from '../credentials/keyring.ts'
import type { ReferenceRemark } from '../reference/diagnose-valid-reference.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import type {
  FoundManifest,
  LookupResult,
  ManifestNotFound,
  RegistryClient,
  TagsResult,
} from '../registry/lookup.ts'
import { printable } from '../text/printable.ts'
import type { ImageUse } from '../workload/workload.ts'
import { explainConnection } from './explain-connection.ts'
import { explainContent } from './explain-content.ts'
import { explainNotFound } from './explain-not-found.ts'
import { describeOrigin, explainUnauthorized } from './explain-unauthorized.ts'
import type { Finding } from './finding.ts'
import type { CachedLookup } from './lookup-cache.ts'
import { explainPlatforms } from './platform-verdict.ts'
import type { WantedPlatforms } from './platform-verdict.ts'
import type { PullCredentials } from './pull-credentials.ts'
import { explainRateLimitNear } from './rate-limit-near.ts'
import { suggestTags } from './suggest-tags.ts'
import { decidingAttempt } from './try-credentials.ts'
import type { TriedCredential } from './try-credentials.ts'
import { renewCommand, whyNoCredential } from './why-no-credential.ts'

export interface ExplainOptions {
  tried: readonly TriedCredential[]
  use: ImageUse
  reference: ImageReference
  remarks: readonly ReferenceRemark[]
  credentials: PullCredentials
  lookups: CachedLookup
  client: Pick<RegistryClient, 'tags'>
  /** The platforms of the nodes; asked only for an index. */
  wantedPlatforms: () => Promise<WantedPlatforms>
  /** Whether every eligible node runs containerd 2.1 or later; asked only where versions differ. */
  allContainerd21: () => Promise<boolean>
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
      return failed(await notFound(result, deciding, options))
    case 'unauthorized':
    case 'forbidden':
      return failed(await unauthorized(deciding, options))
    case 'unusable':
      return failed(
        explainContent(result, { allContainerd21: await options.allContainerd21() }),
      )
    default:
      return failed(explainConnection(result))
  }

  function failed(finding: Finding): Explained {
    const tested = { ...finding, doubts: [...finding.doubts, ...doubtsOfAnswer(result)] }
    const certainty = tested.doubts.length > 0 ? 'uncertain' : finding.certainty
    return {
      digest: null,
      findings: [{ ...tested, certainty }, ...options.credentials.findings],
    }
  }
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
  const findings: (Finding | null)[] = [
    explainPlatforms(name, found, await options.wantedPlatforms()),
    ...options.tried.slice(0, -1).map(staleSecret),
    explainRateLimitNear(found.evidence),
    ...options.credentials.findings,
  ]
  return findings.filter((finding) => finding !== null)
}

/** Catalogue row 27: an earlier secret is refused, and the pull works all the same. */
function staleSecret({ match }: TriedCredential): Finding | null {
  if (match === null) return null
  return {
    cause: 'PullSecretStale',
    certainty: 'uncertain',
    message: `The credentials in ${describeOrigin(match.origin)} do not open the image; the pull works with another secret, but later.`,
    advice: 'Renew that secret or take it off the list.',
    doubts: [],
  }
}

async function notFound(
  result: ManifestNotFound,
  deciding: TriedCredential,
  options: ExplainOptions,
): Promise<Finding> {
  const { reference, signal } = options
  const credential = deciding.match?.credential ?? null
  const tags: TagsResult =
    result.missing === 'repository' || signal.aborted
      ? { outcome: 'unavailable' }
      : await options.client.tags({ reference, credential, signal })
  const wanted = reference.effectiveTag ?? ''
  return explainNotFound({
    reference,
    repositoryMissing:
      result.missing === 'repository' || tags.outcome === 'no-repository',
    suggestions: tags.outcome === 'listed' ? suggestTags(wanted, tags.tags) : [],
    neighbours: [],
    hint: hintFor(options.remarks),
  })
}

/** What the spelling suggests when the registry does not have it (catalogue rows 9, 10 and 78). */
function hintFor(remarks: readonly ReferenceRemark[]): string | null {
  for (const remark of remarks) {
    if (remark.remark === 'dotless-registry') {
      return `"${printable(remark.first, 80)}" has no dot or port, so it is not a registry: this means docker.io. If a registry was meant, write its full host.`
    }
    if (remark.remark === 'localhost-tag') {
      return `"${printable(remark.host, 80)}" was read as a repository and a tag; a repository has to follow the host.`
    }
    if (remark.remark === 'legacy-host') return describeMove(remark)
  }
  return null
}

function describeMove(
  moved: Extract<ReferenceRemark, { remark: 'legacy-host' }>,
): string {
  const instead =
    moved.suggestion === null ? '' : ` Try ${printable(moved.suggestion, 200)}.`
  return `${moved.note}${instead}`
}

async function unauthorized(
  deciding: TriedCredential,
  options: ExplainOptions,
): Promise<Finding> {
  const { reference, credentials } = options
  const { result, match } = deciding
  if (result.outcome !== 'unauthorized' && result.outcome !== 'forbidden') {
    throw new TypeError('only refusals are explained here')
  }
  return explainUnauthorized({
    reference,
    result,
    origin: match?.origin ?? null,
    emptyCredential: match !== null && isAnonymous(match.credential),
    why: await whyNoCredential(credentials, reference),
    renew: match === null ? null : renewCommand(match.origin, reference),
    publicAnyway: await isPublic(deciding, options),
    hint: hintFor(options.remarks),
  })
}

/** A diagnostic look-up without credentials, only for the advice (rows 25 and 28). */
async function isPublic(
  { result, match }: TriedCredential,
  { lookups, reference, signal }: ExplainOptions,
): Promise<boolean> {
  if (match === null || result.outcome !== 'unauthorized' || !result.credentialSent)
    return false
  const anonymous = await lookups.lookup({ reference, credential: null, signal })
  return anonymous.outcome === 'found'
}
