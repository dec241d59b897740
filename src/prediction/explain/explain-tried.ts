import type { Credential } from '../../credentials/credential.ts'
import type { FoundManifest, LookupResult } from '../../registry/lookup.ts'
import { printable } from '../../text/printable.ts'
import { explainMissing } from './diagnose-missing.ts'
import { explainConnection, explainLate } from './explain-connection.ts'
import { explainContent } from './explain-content.ts'
import { explainHealth, staleSecret } from '../pull-secrets/credential-health.ts'
import { explainRefusal } from './explain-refusal.ts'
import { explainChildren } from './explain-children.ts'
import { explainConfig } from './explain-config.ts'
import type { ExplainOptions } from './explain-options.ts'
import type { Finding } from '../finding.ts'
import { explainNoNode } from './explain-no-node.ts'
import { explainPlatforms, platformNames } from '../nodes/platform-verdict.ts'
import type { ReadConfig } from '../nodes/platform-verdict.ts'
import type { WantedPlatforms } from '../nodes/wanted-platforms.ts'
import { explainRateLimitNear } from './rate-limit-near.ts'
import { describeUnread } from '../pull-secrets/unread-secrets.ts'
import { decidingAttempt } from '../lookups/try-credentials.ts'
import type { TriedCredential } from '../lookups/try-credentials.ts'

export interface Explained {
  digest: string | null
  /** What an index has, as `os/architecture[/variant]`; null where that is not known. */
  platforms: string[] | null
  findings: Finding[]
}

/** Turns the answers of the registry to each credential into findings. The first finding names the verdict. */
export async function explainTried(options: ExplainOptions): Promise<Explained> {
  const deciding = decidingAttempt(options.tried)
  if (deciding === undefined) return { digest: null, platforms: null, findings: [] }
  const { result } = deciding
  switch (result.outcome) {
    case 'found':
      return {
        digest: result.digest,
        platforms: result.platforms === null ? null : platformNames(result.platforms),
        findings: await explainFound(result, options),
      }
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
    case 'interrupted':
      return failed(explainLate(result, describeUnread(options.credentials)))
    default:
      return failed(explainConnection(result))
  }

  function failed(finding: Finding): Explained {
    return {
      digest: null,
      platforms: null,
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
    platforms: null,
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
  const around = { ...options, wanted, credential }
  const findings: (Finding | null)[] = [
    explainNoNode(wanted),
    ...(found.kind === 'index' ? await explainIndex(name, found, around) : []),
    await explainConfig(name, found, around),
    ...options.tried.slice(0, -1).map((tried) => staleSecret(tried, options)),
    ...explainHealth(options),
    explainRateLimitNear(found.evidence),
    ...options.credentials.findings,
  ]
  return findings.filter((finding) => finding !== null)
}

async function explainIndex(
  name: string,
  found: FoundManifest,
  options: ExplainOptions & { wanted: WantedPlatforms; credential: Credential | null },
): Promise<(Finding | null)[]> {
  const { client, reference, credential, signal, wanted } = options
  const readConfig: ReadConfig = async (digest) =>
    (await client.imagePlatform?.({ reference, credential, signal }, digest)) ?? null
  const findings = [
    await explainPlatforms(name, found, wanted, readConfig),
    await explainChildren(name, found, options),
  ]
  // Another host of the nodes may have another index under the name.
  return findings.map((finding) => finding && withDoubtsOf(found, finding))
}
