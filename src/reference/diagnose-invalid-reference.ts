import { checkDigest } from './check-digest.ts'
import type { DigestError } from './check-digest.ts'
import { cutReference, isTag } from './grammar.ts'
import {
  MAX_REFERENCE_LENGTH,
  MAX_REPOSITORY_LENGTH,
  grammarError,
} from './parse-reference.ts'
import { findPlaceholder } from './placeholder.ts'
import { repairReference, schemeOf } from './repair-reference.ts'
import { hasInvisible, hasOuterSpace, hasSpace, isBlank } from './white-space.ts'

const IMAGE_ID = /^[a-f0-9]{64}$/
const NOT_OF_A_NAME = /[^a-zA-Z0-9._:/[\]-]/u

/** What the tag of an invalid name suffers from. `repeated`: two colons or two tags. */
export type TagFlaw = 'empty' | 'repeated' | 'character' | 'too-long'

/** `algorithm`: none, or not sha256, sha384 or sha512. `length` and `case` speak of the hexadecimal digits. */
export type DigestFlaw = 'empty' | 'algorithm' | 'length' | 'case' | 'format'

const DIGEST_FLAWS = {
  'invalid checksum digest length': 'length',
  'unsupported digest algorithm': 'algorithm',
  'invalid checksum digest format': 'format',
} as const satisfies Record<DigestError, DigestFlaw>

/**
 * Why a name is invalid. A suggestion is a valid name that was probably meant. All other strings are pieces of the input as
 * written: not printable, and as long as the input may be.
 */
export type ReferenceDiagnosis =
  | { problem: 'blank'; suggestion: null }
  | { problem: 'placeholder'; placeholder: string; suggestion: null }
  | {
      problem: 'too-long'
      part: 'name' | 'repository'
      maxLength: number
      suggestion: null
    }
  | {
      problem: 'whitespace'
      where: 'around' | 'inside' | 'invisible'
      suggestion: string | null
    }
  | { problem: 'scheme'; scheme: string; suggestion: string | null }
  | { problem: 'image-id'; suggestion: null }
  | { problem: 'tag'; flaw: TagFlaw; tag: string; suggestion: string | null }
  | { problem: 'digest'; flaw: DigestFlaw; digest: string; suggestion: string | null }
  | { problem: 'uppercase'; suggestion: string }
  | { problem: 'character'; character: string; suggestion: string | null }
  | { problem: 'other'; suggestion: string | null }

/**
 * Tells why parseReference refuses a name (failure catalogue rows 1 to 8: upper case, placeholders, URL schemes, tags, digests,
 * image ids, white space, length). Never throws. For a valid name the answer means nothing.
 */
export function diagnoseInvalidReference(input: string): ReferenceDiagnosis {
  if (isBlank(input)) return { problem: 'blank', suggestion: null }
  const placeholder = findPlaceholder(input)
  if (placeholder !== null) {
    return { problem: 'placeholder', placeholder, suggestion: null }
  }
  if (input.length > MAX_REFERENCE_LENGTH) {
    return {
      problem: 'too-long',
      part: 'name',
      maxLength: MAX_REFERENCE_LENGTH,
      suggestion: null,
    }
  }
  const suggestion = repairReference(input)
  const where = whereSpaceIs(input)
  if (where === 'around') return { problem: 'whitespace', where, suggestion }
  const scheme = schemeOf(input)
  if (scheme !== null) return { problem: 'scheme', scheme, suggestion }
  if (where !== null) return { problem: 'whitespace', where, suggestion }
  if (IMAGE_ID.test(input)) return { problem: 'image-id', suggestion: null }
  return diagnoseTagOrDigest(input, suggestion) ?? diagnoseName(input, suggestion)
}

function diagnoseTagOrDigest(
  input: string,
  suggestion: string | null,
): ReferenceDiagnosis | null {
  const { tag, digest } = cutReference(input)
  if (tag !== null && !isTag(tag)) {
    return { problem: 'tag', flaw: flawOfTag(tag), tag, suggestion }
  }
  const flaw = digest === null ? null : flawOfDigest(digest)
  if (digest === null || flaw === null) return null
  return { problem: 'digest', flaw, digest, suggestion }
}

function diagnoseName(input: string, suggestion: string | null): ReferenceDiagnosis {
  const { name } = cutReference(input)
  if (name !== name.toLowerCase() && suggestion !== null) {
    return { problem: 'uppercase', suggestion }
  }
  const character = NOT_OF_A_NAME.exec(name)?.[0]
  if (character !== undefined) return { problem: 'character', character, suggestion }
  if (grammarError(input)?.endsWith(`more than ${MAX_REPOSITORY_LENGTH} characters`)) {
    const maxLength = MAX_REPOSITORY_LENGTH
    return { problem: 'too-long', part: 'repository', maxLength, suggestion: null }
  }
  return { problem: 'other', suggestion }
}

function whereSpaceIs(input: string): 'around' | 'inside' | 'invisible' | null {
  if (hasOuterSpace(input)) return 'around'
  if (hasSpace(input)) return 'inside'
  return hasInvisible(input) ? 'invisible' : null
}

function flawOfTag(tag: string): TagFlaw {
  if (tag === '') return 'empty'
  if (tag.includes(':')) return 'repeated'
  return /^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/.test(tag) ? 'too-long' : 'character'
}

function flawOfDigest(digest: string): DigestFlaw | null {
  if (checkDigest(digest) === null) return null
  if (digest === '') return 'empty'
  if (!digest.includes(':')) return 'algorithm'
  const error = checkDigest(digest.toLowerCase())
  return error === null ? 'case' : DIGEST_FLAWS[error]
}
