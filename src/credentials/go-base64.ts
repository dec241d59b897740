/** Bytes, or Go's `CorruptInputError` text such as `illegal base64 data at input byte 4`. */
export type Base64Decoding =
  | { status: 'decoded'; bytes: Buffer }
  | { status: 'corrupt'; reason: string; offset: number }

/** `padded` is Go's base64.StdEncoding, `raw` its RawStdEncoding, which refuses `=`. */
export type Base64Variant = 'padded' | 'raw'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const NOT_IN_ALPHABET = 0xff
const PAD = 0x3d
/** An equals sign, then nothing but what Go's strings.TrimSpace drops (JavaScript's `trim` knows another set). */
const PADDED_END =
  /=[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/

const SEXTETS = new Uint8Array(256).fill(NOT_IN_ALPHABET)
for (let value = 0; value < ALPHABET.length; value++)
  SEXTETS[ALPHABET.charCodeAt(value)] = value

/**
 * Decodes as Go's encoding/base64 does, including where it stops: CR and LF are skipped, every other character outside of
 * the standard alphabet is an error (`Buffer.from(x, 'base64')` skips them all), and left-over bits of the last group are ignored.
 * Offsets count bytes of the UTF-8 text. (pull-semantics 3.2: "implement strict Go semantics")
 */
export function decodeGoBase64(text: string, variant: Base64Variant): Base64Decoding {
  const source = Buffer.from(text, 'utf8')
  const bytes = Buffer.alloc(Math.ceil((source.length / 4) * 3) + 3)
  const group = { value: 0, count: 0 }
  let length = 0
  for (let at = 0; at < source.length; at++) {
    const byte = source[at] ?? 0
    if (isLineBreak(byte)) continue
    const sextet = SEXTETS[byte] ?? NOT_IN_ALPHABET
    if (sextet === NOT_IN_ALPHABET) {
      const fault =
        byte === PAD && variant === 'padded' ? paddingFault(source, at, group.count) : at
      if (fault !== null) return corrupt(fault)
      length += flush(bytes, length, group)
      return { status: 'decoded', bytes: bytes.subarray(0, length) }
    }
    group.value = group.value * 64 + sextet
    group.count++
    if (group.count === 4) length += flush(bytes, length, group)
  }
  if (group.count === 1 || (group.count > 0 && variant === 'padded'))
    return corrupt(source.length - group.count)
  length += flush(bytes, length, group)
  return { status: 'decoded', bytes: bytes.subarray(0, length) }
}

/** The `auth` field of a docker config entry: padded when the trimmed text ends with `=`, else raw, as the kubelet chooses. */
export function decodeAuthBase64(text: string): Base64Decoding {
  return decodeGoBase64(text, PADDED_END.test(text) ? 'padded' : 'raw')
}

/** Where the padding that starts at `at` is wrong, or null when the input ends with it as it should. */
function paddingFault(source: Buffer, at: number, sextets: number): number | null {
  if (sextets < 2) return at
  let next = skipLineBreaks(source, at + 1)
  if (sextets === 2) {
    if (next === source.length) return source.length
    if (source[next] !== PAD) return next - 1
    next = skipLineBreaks(source, next + 1)
  }
  return next < source.length ? next : null
}

function flush(
  bytes: Buffer,
  at: number,
  group: { value: number; count: number },
): number {
  const { count } = group
  const bits = group.value * 64 ** (4 - count)
  group.value = 0
  group.count = 0
  if (count === 0) return 0
  bytes[at] = Math.floor(bits / 0x10000) & 0xff
  bytes[at + 1] = (bits >> 8) & 0xff
  bytes[at + 2] = bits & 0xff
  return count - 1
}

function skipLineBreaks(source: Buffer, from: number): number {
  let at = from
  while (at < source.length && isLineBreak(source[at] ?? 0)) at++
  return at
}

function isLineBreak(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d
}

function corrupt(offset: number): Base64Decoding {
  return {
    status: 'corrupt',
    reason: `illegal base64 data at input byte ${offset}`,
    offset,
  }
}
