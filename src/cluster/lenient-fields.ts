import { isFields, type Fields } from '../json/fields.ts'

/** An object; anything else is the empty one. The API server checks shapes, so a wrong one is only ever a hand-written file's. */
export function fieldsOrEmpty(value: unknown): Fields {
  return isFields(value) ? value : {}
}

/** The objects of a list; anything else is left out. */
export function fieldsList(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

/** The strings of a list; anything else is left out. */
export function textList(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

export function textOrEmpty(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The string values of a map such as labels. */
export function textMap(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fieldsOrEmpty(value)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  )
}
