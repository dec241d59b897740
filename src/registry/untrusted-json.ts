// Manifests, token replies and error bodies nest five deep at most.
const MAX_DEPTH = 64

/** A JSON object from the network: a record whose fields are still unknown, or null for anything else. */
export function parseUntrustedObject(body: Buffer): Record<string, unknown> | null {
  if (isDeeperThan(body, MAX_DEPTH)) return null
  try {
    return asRecord(JSON.parse(body.toString('utf8')))
  } catch {
    // Not JSON is an expected answer here; the caller says what it means.
    return null
  }
}

/** The value as a record, or null when it is no object. Read its fields with the functions below. */
export function asRecord(value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return value as Record<string, unknown>
}

/** An own field; never one of the prototype. */
export function field(record: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

/** An own field as text, or null. */
export function textField(record: Record<string, unknown>, name: string): string | null {
  const value = field(record, name)
  return typeof value === 'string' ? value : null
}

/** An own field as an array; empty for anything else. */
export function listField(record: Record<string, unknown>, name: string): unknown[] {
  const value = field(record, name)
  return Array.isArray(value) ? value : []
}

function isDeeperThan(body: Buffer, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (inString) {
      if (byte === 0x5c) at++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return false
}
