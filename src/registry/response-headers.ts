type Headers = Record<string, string | string[] | undefined>

// Far beyond any header of a registry; the transport's own cap on all headers stands before it.
const MAX_HEADER_CHARACTERS = 16_384

/** The first line of a header, or null. Names are lower-case. */
export function firstHeader(headers: Headers, name: string): string | null {
  return headerLines(headers, name)[0] ?? null
}

/** Every line of a header; over-long ones are left out. */
export function headerLines(headers: Headers, name: string): string[] {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  const lines = value === undefined ? [] : Array.isArray(value) ? value : [value]
  return lines.filter((line) => line.length <= MAX_HEADER_CHARACTERS)
}

/** Content-Length in bytes; null when missing or no plain number, as with chunked answers. */
export function contentLength(headers: Headers): number | null {
  const text = firstHeader(headers, 'content-length')
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null
}
