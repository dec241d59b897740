import { isFields, parseFields, type Fields } from '../json/fields.ts'

// Manifests, token replies and error bodies nest five deep at most.
const MAX_DEPTH = 64

/** A JSON object from the network, or null for anything else. */
export function parseUntrustedObject(body: Buffer): Fields | null {
  if (isDeeperThan(body, MAX_DEPTH)) return null
  return parseFields(body.toString('utf8'))
}

/** An own field; never one of the prototype. */
export function field(record: Fields, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

/** An own field as an object, or null. */
export function fieldsField(record: Fields, name: string): Fields | null {
  const value = field(record, name)
  return isFields(value) ? value : null
}

/** An own field as text, or null. */
export function textField(record: Fields, name: string): string | null {
  const value = field(record, name)
  return typeof value === 'string' ? value : null
}

/** An own field as an array; empty for anything else. */
export function listField(record: Fields, name: string): unknown[] {
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
