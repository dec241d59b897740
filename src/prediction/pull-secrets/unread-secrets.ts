import { requiredKey } from '../../credentials/closest-key.ts'
import { shellQuote } from '../../credentials/secret-commands.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import { nameOf } from '../../reference/reference-name.ts'
import { printable } from '../../text/printable.ts'
import type { PullCredentials } from './pull-credentials.ts'

/** What could not be read, as a full sentence; null when everything was. A refusal then says nothing about the pull. */
export function describeUnread({
  namespace,
  serviceAccount,
  secrets,
  unread,
}: PullCredentials): string | null {
  if (unread === null) return null
  const names = secrets
    .filter(({ fact }) => fact.status === 'unknown')
    .map(({ name }) => `${namespace}/${printable(name, 253)}`)
  const why = printable(unread, 200)
  const [first, ...others] = names
  if (first === undefined && secrets.length > 0)
    return `Not every pull secret could be tried (${why}).`
  if (first === undefined)
    return `Service account ${namespace}/${serviceAccount}, which may list pull secrets, could not be read (${why}).`
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `Pull secret ${first}${more} could not be read (${why}).`
}

/** How to look by hand at what could not be read. */
export function unreadAdvice(
  { namespace, serviceAccount, secrets }: PullCredentials,
  reference: ImageReference,
): string {
  const server = requiredKey(nameOf(reference))
  const unread = secrets.find(({ fact }) => fact.status === 'unknown')
  if (unread === undefined && secrets.length > 0)
    return `Make sure that one of them has the key "${server}", with credentials in UTF-8: kubectl -n ${shellQuote(namespace)} get secrets`
  return unread === undefined
    ? `See which pull secrets it lists: kubectl -n ${shellQuote(namespace)} get serviceaccount ${shellQuote(serviceAccount)} -o yaml`
    : `Make sure that it exists and has the key "${server}": kubectl -n ${shellQuote(namespace)} get secret ${shellQuote(unread.name)}`
}
