import type { ClientContext } from './client-context.ts'
import type { LookupEvidence, LookupRequest } from './lookup.ts'
import { parseRegistryErrors } from './registry-errors.ts'
import { requestOf } from './resolve-manifest.ts'
import { quotableErrors } from './session.ts'
import type { Session } from './session.ts'
import type { Verdict } from './verdict.ts'

/** A verdict with the registry's own error entries beside it, where they could be had, and what speaks against it. */
export interface Diagnosis {
  verdict: Verdict
  evidence: Pick<Partial<LookupEvidence>, 'errors' | 'doubts'>
}

/** Pushed between the two, most likely. */
const HAS_IT_AFTER_ALL = 'Asked once more, a moment later, it answered 200.'

/**
 * A HEAD has no body, so after 403 and 404 the same manifest is asked for once more with GET, to learn the error codes
 * (pull-semantics 9: "one GET to read errors[] for the advice; never let it change the verdict class"). Not where GETs are counted.
 */
export async function readDiagnosis(
  context: ClientContext,
  { reference }: LookupRequest,
  session: Session,
  verdict: Verdict,
): Promise<Diagnosis> {
  const isWorthIt = verdict.outcome === 'not-found' || verdict.outcome === 'forbidden'
  const { countsManifestGets } = context.settings(reference.registry)
  if (!isWorthIt || countsManifestGets || session.signal.aborted)
    return { verdict, evidence: {} }
  const name = reference.digest ?? reference.effectiveTag ?? 'latest'
  const answer = await context.requests.ask(
    session,
    requestOf({ collection: 'manifests', name }, 'GET'),
  )
  if (answer.kind === 'verdict') return { verdict, evidence: {} }
  const { status, body } = answer.response
  if (status === 200) return { verdict, evidence: { doubts: [HAS_IT_AFTER_ALL] } }
  if (status !== 403 && status !== 404) return { verdict, evidence: {} }
  const errors = quotableErrors(session, parseRegistryErrors(body))
  const isUnknownName = errors.some(({ code }) => code === 'NAME_UNKNOWN')
  if (verdict.outcome === 'not-found' && status === 404 && isUnknownName) {
    return { verdict: { ...verdict, missing: 'repository' }, evidence: { errors } }
  }
  return { verdict, evidence: { errors } }
}
