import { below } from './json-fields.ts'

/** A value and where it was found. */
export interface Located {
  /** Such as `spec.components[1].image`. */
  path: string
  value: unknown
}

/** The values that a dotted path reaches, `[*]` walking a list. What is missing, null or of another shape yields nothing. */
export function walkPattern(value: unknown, pattern: string): Located[] {
  let reached: Located[] = [{ path: '', value }]
  for (const step of pattern.split(/\.|(?=\[\*\])/)) {
    reached = reached.flatMap((from) => stepInto(from, step))
  }
  return reached
}

function stepInto(from: Located, step: string): Located[] {
  if (step === '[*]') {
    if (!Array.isArray(from.value)) return []
    return from.value.map((value: unknown, index) => ({
      path: `${from.path}[${index}]`,
      value,
    }))
  }
  if (typeof from.value !== 'object' || from.value === null) return []
  if (!Object.hasOwn(from.value, step)) return []
  const value = (from.value as Record<string, unknown>)[step]
  if (value === undefined || value === null) return []
  return [{ path: below(from.path, step), value }]
}
