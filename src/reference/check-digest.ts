const HEX_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
])

const UNKNOWN_ALGORITHM = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/

export type DigestError =
  | 'unsupported digest algorithm'
  | 'invalid checksum digest length'
  | 'invalid checksum digest format'

/**
 * The error of go-digest's Validate (pull-semantics 1.2 step 6: sha256, sha384 or sha512 with lower-case hex of exactly 64, 96
 * or 128 digits), or null for a digest that it takes. An unknown algorithm in upper case is a format error there, so it is here.
 */
export function checkDigest(digest: string): DigestError | null {
  const colon = digest.indexOf(':')
  const hex = digest.slice(colon + 1)
  const hexLength = HEX_LENGTHS.get(digest.slice(0, Math.max(colon, 0)))
  if (hexLength === undefined) {
    return UNKNOWN_ALGORITHM.test(digest)
      ? 'unsupported digest algorithm'
      : 'invalid checksum digest format'
  }
  if (hex.length !== hexLength) return 'invalid checksum digest length'
  return /^[a-f0-9]+$/.test(hex) ? null : 'invalid checksum digest format'
}
