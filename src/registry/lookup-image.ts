import type { ClientContext } from './client-context.ts'
import { readDiagnosis } from './diagnosis.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { LookupRequest, LookupResult } from './lookup.ts'
import { resolveManifest } from './resolve-manifest.ts'
import type { ManifestQuestion, Resolution } from './resolve-manifest.ts'
import { noEvidence } from './no-evidence.ts'
import { heedServing } from './serving-hosts.ts'
import { evidenceOf } from './session.ts'
import type { Session } from './session.ts'
import { openSessions } from './open-sessions.ts'
import type { Verdict } from './verdict.ts'

interface Attempt extends Resolution {
  session: Session
}

/** One look-up over every host that a node would ask, with one credential. */
export async function lookupImage(
  context: ClientContext,
  request: LookupRequest,
): Promise<LookupResult> {
  const { digest } = request.reference
  const { sessions, doubts } = await openSessions(
    context,
    request,
    digest === null ? 'resolve' : 'pull',
  )
  const attempts = await askHosts(context, request, sessions)
  const winner = attempts.reduce<Attempt | null>(moreAdvanced, null)
  if (winner === null) return noHost(request, doubts)
  doubts.push(...passingFailures(attempts, winner))
  if (winner.verdict.outcome === 'found')
    context.servingHosts.noteServed(winner.session.baseUrl)
  const result = await finish(context, request, winner)
  // Requests of every host count, and an answer that others might have given differently says so.
  result.evidence.requests = sum(sessions.map(({ trail }) => trail.requests))
  const joined = sessions.flatMap(({ trail }) => trail.joinedMs ?? [])
  if (joined.length > 0) result.evidence.joinedMs = Math.min(...joined)
  const all = [...(result.evidence.doubts ?? []), ...doubts]
  if (all.length > 0) result.evidence.doubts = all
  return heedServing(result, context.servingHosts)
}

// Manifests on every host first, then, for digests, blobs (pull-semantics 4.2: "on 404 from all hosts, HEAD blobs/<digest>").
async function askHosts(
  context: ClientContext,
  { reference }: LookupRequest,
  sessions: Session[],
): Promise<Attempt[]> {
  const { digest } = reference
  const attempts: Attempt[] = []
  const { countsManifestGets } = context.settings(reference.registry)
  const collections =
    digest === null ? (['manifests'] as const) : (['manifests', 'blobs'] as const)
  for (const collection of collections) {
    for (const [index, session] of sessions.entries()) {
      const question: ManifestQuestion = {
        collection,
        name: digest ?? reference.effectiveTag ?? 'latest',
        digest,
        isLastHost: index === sessions.length - 1,
        countsGets: countsManifestGets,
      }
      const resolution = await resolveManifest(context, session, question)
      attempts.push({ ...resolution, session })
      if (endsAsking(resolution.verdict)) return attempts
    }
    if (attempts.some(({ verdict }) => verdict.outcome !== 'not-found')) return attempts
  }
  return attempts
}

// Any success ends it, also one whose content nothing can use: containerd asks the next host only after an error, which a
// manifest that is too large is (catalogue 57: a mirror that is a web page hides the registry behind it).
function endsAsking(verdict: Verdict): boolean {
  if (verdict.outcome === 'unusable') return verdict.fault !== 'too-large'
  return verdict.outcome === 'found' || verdict.outcome === 'interrupted'
}

// containerd 2.0 and later report the most advanced failure, the first of equals: transport, 404, another status, too large.
function moreAdvanced(best: Attempt | null, attempt: Attempt): Attempt {
  return best !== null && rank(best.verdict) >= rank(attempt.verdict) ? best : attempt
}

function rank(verdict: Verdict): number {
  if (endsAsking(verdict)) return 5
  switch (verdict.outcome) {
    case 'unusable':
      return 4
    case 'forbidden':
    case 'unexpected-status':
      return 3
    case 'rate-limited':
      return verdict.stage === 'manifest' ? 3 : 1
    case 'unauthorized':
      return PLAIN_401.has(verdict.reason) ? 3 : 1
    case 'not-found':
      return 2
    default:
      return 1
  }
}

// Those that containerd reports as the bare status; the others end in its authorizer and rank like transport errors.
const PLAIN_401: ReadonlySet<string> = new Set([
  'rejected',
  'still-unauthorized',
  'no-challenge',
])

const LASTING: ReadonlySet<Verdict['outcome']> = new Set([
  'not-found',
  'unauthorized',
  'unusable',
])

// Neither a refusal by one host nor what it has settles the matter while an earlier one may yet serve another image.
function passingFailures(attempts: Attempt[], winner: Attempt): string[] {
  const { outcome } = winner.verdict
  if (outcome !== 'found' && !LASTING.has(outcome)) return []
  return attempts
    .filter((each) => each !== winner && !LASTING.has(each.verdict.outcome))
    .map(({ session, verdict }) => {
      const host = URL.parse(session.baseUrl)?.host ?? session.baseUrl
      return `Another host of the nodes, ${host}, gave no lasting answer (${verdict.outcome}).`
    })
}

/** Over trusted TLS and all: what a proxy answers whose registry is away, as long as there is one. */
function isSignless({ session, verdict }: Attempt, { evidence }: Diagnosis): boolean {
  if (verdict.outcome === 'unusable') return verdict.fault === 'web-page'
  if (verdict.outcome !== 'not-found') return false
  return (evidence.errors ?? []).length === 0 && !session.trail.spokeAsRegistry
}

async function finish(
  context: ClientContext,
  request: LookupRequest,
  winner: Attempt,
): Promise<LookupResult> {
  const { session, verdict, body } = winner
  if (verdict.outcome !== 'found') {
    const evidence = evidenceOf(session)
    const diagnosed = await readDiagnosis(context, request, session, verdict)
    const host = isSignless(winner, diagnosed) ? { signlessHost: session.baseUrl } : {}
    return {
      ...diagnosed.verdict,
      evidence: { ...evidence, ...diagnosed.evidence, ...host },
    }
  }
  const evidence = evidenceOf(session)
  const { countsManifestGets } = context.settings(request.reference.registry)
  if (verdict.kind !== 'index' || countsManifestGets) return { ...verdict, evidence }
  const reading = await context.indexes.read(session, {
    digest: verdict.digest,
    mediaType: verdict.mediaType,
    body,
    platforms: request.platforms ?? [],
  })
  if (reading.kind === 'unread') return { ...verdict, evidence }
  if (reading.kind === 'unusable') {
    const { mediaType, sizeBytes } = verdict
    const { fault } = reading
    return {
      outcome: 'unusable',
      fault,
      mediaType,
      sizeBytes,
      evidence: evidenceOf(session),
    }
  }
  const { platforms, missingChildren } = reading
  return { ...verdict, platforms, missingChildren, evidence }
}

function noHost({ reference }: LookupRequest, doubts: string[]): LookupResult {
  const unconfigured =
    'No host of this registry is configured for this kind of reference.'
  const host = reference.registry
  const evidence = { ...noEvidence(host), doubts: [...doubts, unconfigured] }
  return {
    outcome: 'unreachable',
    fault: 'protocol-error',
    target: 'registry',
    host,
    evidence,
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
