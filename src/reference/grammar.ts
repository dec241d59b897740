/**
 * The regular expressions of distribution/reference v0.6.0, part by part. Each part is written so that no two alternatives
 * can match the same text: JavaScript backtracks where Go's RE2 does not, and an image name is attacker's input.
 */

/** `[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]`, joined by dots, or a bracketed IPv6 address, and a port. */
const HOST_AND_PORT =
  /^(?:[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*(?:\.[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/

const PATH =
  /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/

const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}$/

/** The parts of a name that matches the grammar. The registry is empty where what stands before the slash is no host. */
export interface ReferenceParts {
  registry: string
  repository: string
  tag: string | null
  digest: string | null
}

/** What stands where the grammar would look for name, tag and digest, whether valid or not. */
export interface RawParts {
  name: string
  /** After the first colon behind the last slash; null when there is no such colon. */
  tag: string | null
  /** After the first at sign; null when there is none. */
  digest: string | null
}

/** Cuts a reference where its separators are. */
export function cutReference(text: string): RawParts {
  const [rest, digest] = cut(text, text.indexOf('@'))
  const [name, tag] = cut(rest, rest.indexOf(':', rest.lastIndexOf('/') + 1))
  return { name, tag, digest }
}

/** `domain/remainder[:tag][@digest]` against the grammar's REFERENCE; null when it does not match. Linear in the length. */
export function matchReference(text: string): ReferenceParts | null {
  const { name, tag, digest } = cutReference(text)
  if (tag !== null && !isTag(tag)) return null
  if (digest !== null && !DIGEST.test(digest)) return null

  const slash = name.indexOf('/')
  const registry = name.slice(0, Math.max(slash, 0))
  const repository = name.slice(slash + 1)
  if (slash !== -1 && HOST_AND_PORT.test(registry) && PATH.test(repository)) {
    return { registry, repository, tag, digest }
  }
  return PATH.test(name) ? { registry: '', repository: name, tag, digest } : null
}

/** Whether a string can be a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text)
}

function cut(text: string, at: number): [before: string, after: string | null] {
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}
