import type { NodeFacts } from '../cluster-facts.ts'
import type { Finding } from '../finding.ts'

/** The nodes an image may be pulled on, for credentials that differ by pool; empty where they are not known. */
export type EligibleNodes = () => Promise<readonly NodeFacts[]>

/**
 * What is known about credentials that only nodes have for a registry (pull-semantics 3.6). `none`: looked for, and there is
 * no sign of any. Everything else is a reason not to deny for 401 or 403, as a full sentence.
 */
export type NodeCredentialEvidence =
  /** `unseen`: but the registry may hide from strangers what it has, as a full sentence; a 404 without credentials is open then. */
  | { kind: 'none'; unseen?: string }
  /** The host is one of the built-in or configured nodeCredentialHosts. */
  | { kind: 'listed'; reason: string }
  /** Pods run images of this host that nothing but the nodes' own credentials can have pulled. */
  | { kind: 'learned'; reason: string }
  /** An operator handed us node credentials that need not be all, or that an exec plugin gave. */
  | { kind: 'configured'; reason: string }
  /** Could not be looked for; only a matching pull secret makes a refusal conclusive then. */
  | { kind: 'not-looked-for'; reason: string }

/**
 * Catalogue row 39: a refusal that says nothing, because the nodes have credentials of their own where the object has none. The
 * evidence comes first, since that is what decides.
 */
export function nodeCredentialsOnly(
  finding: Finding,
  { reason }: Exclude<NodeCredentialEvidence, { kind: 'none' }>,
): Finding {
  return {
    cause: 'NodeCredentialsOnly',
    certainty: 'uncertain',
    message: `${reason} ${finding.message}`,
    advice: finding.advice === null ? null : `If the nodes have none: ${finding.advice}`,
    doubts: finding.doubts.filter((doubt) => doubt !== reason),
  }
}
