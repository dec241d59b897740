import { printable } from '../../text/printable.ts'
import type { Finding } from '../finding.ts'
import type { NamedSecret } from './named-secret.ts'

/** A finding that holds only if the secret is still on the list of the service account when a Pod is made. */
export function unlessGone(finding: Finding, secret: NamedSecret): Finding {
  if (secret.mayGo !== true) return finding
  const name = `${secret.namespace}/${printable(secret.name, 253)}`
  const doubt = `Only in the cluster does the service account list secret ${name}: it may be gone once the files are applied.`
  return { ...finding, certainty: 'uncertain', doubts: [...finding.doubts, doubt] }
}
