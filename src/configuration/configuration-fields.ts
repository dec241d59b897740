import { rootFields } from './fields.ts'
import type { Field, Fields } from './schema.ts'

/** One field of the configuration file for people; the documentation is checked against these. */
export interface ConfigurationField {
  /** Such as `registries[].host`. */
  path: string
  /** In words, such as `duration` or `enforce, warn or audit`. */
  type: string
  /** As it would be written in the file, or in words. */
  default: string
  description: string
}

/** Every field, a map before the fields inside it. */
export const configurationFields: readonly ConfigurationField[] = [
  ...describe(rootFields, ''),
]

function* describe(fields: Fields, prefix: string): Generator<ConfigurationField> {
  for (const [name, field] of Object.entries(fields)) {
    const path = `${prefix}${name}`
    const { kind, description } = field
    yield { path, type: kind.type, default: defaultText(field), description }
    if (kind.inside) yield* describe(kind.inside.fields, `${path}${kind.inside.suffix}.`)
  }
}

function defaultText(field: Field<unknown>): string {
  const { kind, defaultText: text, default: value } = field
  if (text !== null) return text
  if (kind.type === 'map') return 'see its fields'
  if (kind.type === 'duration' && typeof value === 'number') return formatDuration(value)
  if (Array.isArray(value)) return `[${value.join(', ')}]`
  return String(value)
}

function formatDuration(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`
  if (ms % 3_600_000 === 0 && ms > 0) return `${ms / 3_600_000}h`
  return ms % 60_000 === 0 && ms > 0 ? `${ms / 60_000}m` : `${ms / 1000}s`
}
