import { createHash } from 'node:crypto'

const HEX_LENGTH: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
])

/** Whether a digest is one that go-digest validates: a known algorithm and lower-case hex of its exact length. */
export function isDigest(text: string): boolean {
  const colon = text.indexOf(':')
  const length = HEX_LENGTH.get(text.slice(0, Math.max(colon, 0)))
  const hex = text.slice(colon + 1)
  return length !== undefined && hex.length === length && /^[0-9a-f]+$/.test(hex)
}

/** The digest of a body in the algorithm of `like`, or in sha256 when there is nothing to compare with. */
export function digestOf(body: Buffer, like: string | null = null): string {
  const algorithm = like !== null && isDigest(like) ? like.split(':', 1)[0] : undefined
  const name = algorithm ?? 'sha256'
  return `${name}:${createHash(name).update(body).digest('hex')}`
}
