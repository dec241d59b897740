import { cutReference, isTag } from './grammar.ts'
import { MAX_REFERENCE_LENGTH, grammarError } from './parse-reference.ts'
import { dropInvisible, trimSpace } from './white-space.ts'

const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]{0,30}:\/\//
const SHA256_HEX = /^[0-9a-fA-F]{64}$/

// The address of a repository's page, not of the registry.
const HUB_PAGE = /^hub\.docker\.com\/(?:r|_|layers|repository\/docker)\//

/** `https://`, `docker://`, `oci://` and the like at the start; null without one. */
export function schemeOf(input: string): string | null {
  return SCHEME.exec(input)?.[0] ?? null
}

/**
 * The name that was most likely meant: white space around it, a URL scheme, doubled separators, upper case in the repository and
 * the spelling of a digest put right. null when that gives no valid name, so that no advice ever leads to the next error.
 */
export function repairReference(input: string): string | null {
  if (input.length > MAX_REFERENCE_LENGTH) return null
  const visible = trimSpace(dropInvisible(input))
  const bare = visible
    .slice(schemeOf(visible)?.length ?? 0)
    .replace(HUB_PAGE, '')
    .replace(/(?<!\/)\/+$/, '')
  const { name, tag, digest } = cutReference(bare.replace(/:sha256:/, '@sha256:'))
  const tagPart = repairTag(tag, digest)
  if (tagPart === null) return null
  const candidate = `${repairName(name)}${tagPart}${digest === null ? '' : `@${repairDigest(digest)}`}`
  return candidate !== input && grammarError(candidate) === null ? candidate : null
}

/** Lower case for the repository; a host keeps its case, since keyrings compare it as it is. */
function repairName(name: string): string {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const isHost = /[.:]/.test(first) && !first.includes('_')
  return isHost ? first + name.slice(slash).toLowerCase() : name.toLowerCase()
}

/** With its colon; empty for no tag; null where no guess is better than another. */
function repairTag(tag: string | null, digest: string | null): string | null {
  if (tag === null) return ''
  if (tag === '' && digest !== null) return ''
  const single = tag.startsWith(':') ? tag.slice(1) : tag
  return isTag(single) ? `:${single}` : null
}

function repairDigest(digest: string): string {
  return SHA256_HEX.test(digest) ? `sha256:${digest.toLowerCase()}` : digest.toLowerCase()
}
