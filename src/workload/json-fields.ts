import { isFields, type Fields } from '../json/fields.ts'

/** A field of a manifest has another shape than its API type. Caught by whoever reads a whole object; never leaves workload/. */
export class MalformedField extends Error {
  readonly code = 'MALFORMED_FIELD'
  readonly path: string

  constructor(path: string, expected: string) {
    super(`${path === '' ? 'the object' : path} must be ${expected}`)
    this.path = path
  }
}

/** The path of a field below another, such as `spec.template`. */
export function below(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`
}

/** An object; absent and null are the empty one, as for the API's decoder. Throws MalformedField for anything else. */
export function fieldsOf(value: unknown, path: string): Fields {
  if (value === undefined || value === null) return {}
  if (!isFields(value)) throw new MalformedField(path, 'an object')
  return value
}

/** A list; absent and null are the empty one. Throws MalformedField for anything else. */
export function listOf(value: unknown, path: string): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new MalformedField(path, 'a list')
  return value
}

/** The objects of a list, each with its path. Throws MalformedField when one is something else. */
export function entriesOf(
  value: unknown,
  path: string,
): { fields: Fields; path: string }[] {
  return listOf(value, path).map((entry, index) => {
    const entryPath = `${path}[${index}]`
    return { fields: fieldsOf(entry, entryPath), path: entryPath }
  })
}

/** A string; absent and null are the empty one. Throws MalformedField for anything else. */
export function textOf(value: unknown, path: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new MalformedField(path, 'a string')
  return value
}

/** The string values of a map such as labels. Other values are left out: the API server refuses them on its own. */
export function textMapOf(value: unknown, path: string): Record<string, string> {
  const fields = fieldsOf(value, path)
  if (isTextMap(fields)) return fields
  const entries = Object.entries(fields)
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

function isTextMap(fields: Fields): fields is Record<string, string> {
  for (const key in fields) if (typeof fields[key] !== 'string') return false
  return true
}

/** The object at a fixed path. Throws MalformedField when something on the way is no object. */
export function fieldsAt(object: Fields, path: readonly string[]): Fields {
  let walked = ''
  let fields = object
  for (const field of path) {
    walked = below(walked, field)
    fields = fieldsOf(fields[field], walked)
  }
  return fields
}
