import { checkDigest } from './check-digest.ts'
import { matchReference } from './grammar.ts'
import type { ReferenceParts } from './grammar.ts'
import type { ImageReference } from './image-reference.ts'
import { InvalidImageName } from './invalid-image-name.ts'

/**
 * The longest name that is looked at, in UTF-16 units. The grammar bounds the repository and the tag but not the host; a host
 * that DNS can hold leaves a valid name below 1,000 characters, so nothing that could be pulled is refused here.
 */
export const MAX_REFERENCE_LENGTH = 4096

/** The longest repository, without the registry, in characters. */
export const MAX_REPOSITORY_LENGTH = 255
const DEFAULT_REGISTRY = 'docker.io'
const LEGACY_DEFAULT_REGISTRY = 'index.docker.io'
const OFFICIAL_PREFIX = 'library/'
const IMAGE_ID = /^[a-f0-9]{64}$/

/**
 * Reads an image name as the kubelet (1.30 and later) and containerd (1.7 and later) do: distribution/reference v0.6.0,
 * ParseNormalizedNamed. `a_b.example.com/app` is valid with an empty registry and the host inside the repository, as there.
 * Throws InvalidImageName and nothing else.
 */
export function parseReference(input: string): ImageReference {
  if (input.length > MAX_REFERENCE_LENGTH) {
    throw new InvalidImageName(input, 'invalid reference format')
  }
  if (IMAGE_ID.test(input)) {
    const reason = `invalid repository name (${input}), cannot specify 64-byte hexadecimal strings`
    throw new InvalidImageName(input, reason)
  }

  const { registry, remainder } = splitRegistry(input)
  const remote = remainder.split(':', 1)[0] ?? ''
  if (toLower(remote) !== remote) {
    const reason = `invalid reference format: repository name (${remote}) must be lowercase`
    throw new InvalidImageName(input, reason)
  }
  return toImageReference(matchOrThrow(input, `${registry}/${remainder}`))
}

/** The grammar's error for a name, or null for a valid one. */
export function grammarError(input: string): string | null {
  try {
    parseReference(input)
    return null
  } catch (error) {
    if (error instanceof InvalidImageName) return error.reason
    throw error
  }
}

/** The registry and what follows it, before either was checked (pull-semantics 1.2 step 2: split domain and remainder). */
function splitRegistry(input: string): { registry: string; remainder: string } {
  const slash = input.indexOf('/')
  if (slash === -1) {
    return { registry: DEFAULT_REGISTRY, remainder: OFFICIAL_PREFIX + input }
  }
  const first = input.slice(0, slash)
  const rest = input.slice(slash + 1)
  if (first === DEFAULT_REGISTRY || first === LEGACY_DEFAULT_REGISTRY) {
    const remainder = rest.includes('/') ? rest : OFFICIAL_PREFIX + rest
    return { registry: DEFAULT_REGISTRY, remainder }
  }
  if (first === 'localhost' || /[.:]/.test(first) || toLower(first) !== first) {
    return { registry: first, remainder: rest }
  }
  return { registry: DEFAULT_REGISTRY, remainder: input }
}

function matchOrThrow(input: string, full: string): ReferenceParts {
  const parts = matchReference(full)
  if (parts === null) {
    const lower = toLower(full)
    const onlyCase = lower !== full && matchReference(lower) !== null
    throw new InvalidImageName(
      input,
      onlyCase ? 'repository name must be lowercase' : 'invalid reference format',
    )
  }
  if (parts.repository.length > MAX_REPOSITORY_LENGTH) {
    throw new InvalidImageName(
      input,
      `repository name must not be more than ${MAX_REPOSITORY_LENGTH} characters`,
    )
  }
  const digestError = parts.digest === null ? null : checkDigest(parts.digest)
  if (digestError !== null) throw new InvalidImageName(input, digestError)
  return parts
}

function toImageReference(parts: ReferenceParts): ImageReference {
  const { registry, repository, tag, digest } = parts
  const effectiveTag = tag ?? (digest === null ? 'latest' : null)
  const name = registry === '' ? repository : `${registry}/${repository}`
  const pullReference = digest === null ? `${name}:${effectiveTag}` : `${name}@${digest}`
  return { registry, repository, tag, digest, effectiveTag, pullReference }
}

/** Go's strings.ToLower maps one code point to one; JavaScript turns İ into two. */
function toLower(text: string): string {
  return text.replaceAll('İ', 'i').toLowerCase()
}

/** As parseReference, with null for a name that is not valid. */
export function parseOrNull(input: string): ImageReference | null {
  try {
    return parseReference(input)
  } catch (error) {
    if (error instanceof InvalidImageName) return null
    throw error
  }
}
