/** A JSON object whose fields are still unknown. */
export type Fields = Record<string, unknown>

/** Whether a JSON value is an object, not a list and not null. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object of a JSON text; null for anything else. Nothing is said about why: a SyntaxError quotes the text, which may be secret. */
export function parseFields(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : null
  } catch {
    return null
  }
}
