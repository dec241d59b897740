import { MAX_REFUSAL_AGE_MS } from '../registry/refusal-age.ts'
import type { ImageReference } from '../reference/image-reference.ts'
import { paragraphOf } from '../text/sentences.ts'
import type { ImageUse } from '../workload/workload.ts'
import { causeCodes, causes } from './causes.ts'
import { doubtsAbout, leftToNodes } from './doubts/doubts.ts'
import type { DoubtFacts } from './doubts/doubts.ts'
import { gatherDoubtFacts } from './doubts/gather-doubts.ts'
import type { GatherOptions } from './doubts/gather-doubts.ts'
import type { Finding } from './finding.ts'
import { judgeImage } from './judge-image.ts'
import type { Round } from './judging-round.ts'
import { nodeCredentialsOnly } from './node-credentials/node-credentials.ts'
import { describeAbsence, presenceSigns } from './nodes/presence.ts'
import type { NodeView } from './nodes/wanted-platforms.ts'
import type { ImagePrediction, NodeEvidence } from './prediction.ts'

/** One image from its spelling to findings that have stood up to what the cluster says against them. */
export async function judgeWithDoubts(
  use: ImageUse,
  round: Round,
): Promise<ImagePrediction> {
  const judged = await judgeImage(use, round)
  const { reference } = judged
  if (judged.findings.length === 0 && !round.thorough) return judged
  const findings = await Promise.all(
    judged.findings.map((finding) =>
      withDoubts(finding, { ...round, use, finding, reference }),
    ),
  )
  const nodes =
    round.thorough && reference !== null
      ? await nodeEvidence(round.view, reference)
      : null
  return {
    ...judged,
    findings: bySeverity(findings),
    ...(nodes === null ? {} : { nodes }),
  }
}

/** What a report shows of the nodes; null where nothing is known of them. */
async function nodeEvidence(
  view: NodeView,
  reference: ImageReference,
): Promise<NodeEvidence | null> {
  const [wanted, eligible, nodes] = await Promise.all([
    view.wanted(),
    view.eligible(),
    view.nodes(),
  ])
  const total = nodes.status === 'known' ? nodes.value.length : 0
  if (total === 0 && wanted.platforms.length === 0) return null
  return {
    total,
    eligible: eligible.length,
    platforms: wanted.platforms,
    withImage: presenceSigns(reference, eligible, []).nodesWithImage,
  }
}

/** Puts a certain finding to the test. One that there was no time to test is not certain. */
async function withDoubts(
  finding: Finding,
  options: GatherOptions & Pick<Round, 'now' | 'isHurried'>,
): Promise<Finding> {
  if (finding.certainty !== 'certain') return finding
  const answeredAtMs = options.now()
  const known = await gatherDoubtFacts(options)
  const doubts = doubtsAbout(finding, known)
  if (options.isHurried && options.now() - answeredAtMs > MAX_REFUSAL_AGE_MS)
    doubts.push(
      'The cluster was so slow that the answer of the registry is of a while ago.',
    )
  if (options.signal.aborted) doubts.push('There was no time to look at the cluster.')
  if (doubts.length === 0) return options.thorough ? withAbsence(finding, known) : finding
  const doubtful: Finding = { ...finding, certainty: 'uncertain', doubts }
  const { nodeCredentials } = known
  return leftToNodes(finding, known) && nodeCredentials.kind !== 'none'
    ? nodeCredentialsOnly(doubtful, nodeCredentials)
    : doubtful
}

/** A report says what a denial despite IfNotPresent rests on. */
function withAbsence(finding: Finding, { use, presence }: DoubtFacts): Finding {
  const absence = describeAbsence(presence)
  if (absence === null || use.pullPolicy !== 'IfNotPresent') return finding
  if (causes[finding.cause].aspect === 'name') return finding
  return { ...finding, message: paragraphOf([finding.message, absence]) }
}

/** The order of the catalogue, certain findings of a cause first. */
function bySeverity(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => rank(a) - rank(b))
}

function rank({ cause, certainty }: Finding): number {
  return causeCodes.indexOf(cause) * 2 + (certainty === 'certain' ? 0 : 1)
}
