import { printable } from '../text/printable.ts'
import type { ClientContext } from './client-context.ts'
import { usableCredential } from './credential-fingerprint.ts'
import type { LookupRequest } from './lookup.ts'
import { newSession } from './session.ts'
import type { Session } from './session.ts'

/**
 * A session for each of the node's hosts that has what the question needs, in the node's order: tags want hosts that may
 * resolve, digests hosts that may be pulled from (pull-semantics 4.1: "tag pulls need pull+resolve, digest pulls need pull").
 */
export async function openSessions(
  { endpoints }: Pick<ClientContext, 'endpoints'>,
  { reference, credential, signal }: LookupRequest,
  need: 'resolve' | 'pull',
): Promise<{ sessions: Session[]; doubts: string[] }> {
  const { registry, repository } = reference
  const resolved = await endpoints.endpoints(registry)
  const sessions = resolved.endpoints
    .filter(
      ({ capabilities }) =>
        capabilities.pull && (need === 'pull' || capabilities.resolve),
    )
    .map((endpoint) =>
      newSession({
        registry,
        repository,
        credential: usableCredential(credential),
        endpoint,
        signal,
      }),
    )
  const { problem } = resolved
  return { sessions, doubts: problem === null ? [] : [printable(problem, 300)] }
}
