import { printable } from '../text/printable.ts'
import type { Position } from '../yaml/documents.ts'
import { describeNode, type ConfigNode, type MapNode } from './config-node.ts'
import { nearestName } from './nearest-name.ts'

/** What a parser may ask and say while it reads. */
export interface ReadContext {
  /** Relative files are relative to this directory, which is the configuration file's own. */
  directory: string
  report: (position: Position, path: string, message: string) => void
}

/** A kind of value: what it is called in the documentation, and how it is read. */
export interface Kind<T> {
  /** In words, such as `duration` or `enforce, warn or audit`. */
  type: string
  /** undefined after a problem was reported. */
  read: (node: ConfigNode, path: string, context: ReadContext) => T | undefined
  /** The fields inside, for the documentation: of a map itself, or of each item of a list. */
  inside?: { suffix: '' | '[]'; fields: Fields }
}

/** One field of a map. */
export interface Field<T> {
  kind: Kind<T>
  /** What holds when the field is not written, or is null. */
  default: T
  /** The default in words, where its value does not say enough. */
  defaultText: string | null
  description: string
  required: boolean
}

export type Fields = Record<string, Field<unknown>>

/** The values that a set of fields reads to. */
export type Values<F extends Fields> = {
  [Name in keyof F]: F[Name] extends Field<infer T> ? T : never
}

/** A field that may be left out. */
export function optional<T>(
  kind: Kind<T>,
  value: NoInfer<T>,
  description: string,
  defaultText: string | null = null,
): Field<T> {
  return { kind, default: value, defaultText, description, required: false }
}

/** A field that has to be written. `placeholder` is never seen: without the field the whole file is refused. */
export function required<T>(
  kind: Kind<T>,
  placeholder: NoInfer<T>,
  description: string,
): Field<T> {
  return {
    kind,
    default: placeholder,
    defaultText: 'required',
    description,
    required: true,
  }
}

/** The same field where `null` stands for not set. */
export function unset<T>(
  kind: Kind<T>,
  description: string,
  defaultText = 'not set',
): Field<T | null> {
  return { kind, default: null, defaultText, description, required: false }
}

/** The defaults of a set of fields. */
export function defaultsOf<F extends Fields>(fields: F): Values<F> {
  const values = Object.entries(fields).map(([name, field]) => [name, field.default])
  // The values have just been taken from the fields that the type is computed from.
  return Object.fromEntries(values) as Values<F>
}

/** A check over several fields of a map, all of them well read; reports by field name. */
export type CrossCheck<V> = (
  values: V,
  report: (field: string, message: string) => void,
) => void

/** A map with known fields. An unknown field is a problem that names it and the nearest known one. */
export function map<F extends Fields>(
  fields: F,
  check: CrossCheck<Values<F>> = () => {},
): Kind<Values<F>> {
  return {
    type: 'map',
    inside: { suffix: '', fields },
    read(node, path, context) {
      if (node.kind !== 'map') {
        const names = Object.keys(fields).join(', ')
        return mistake(node, path, context, `a map of ${names}`)
      }
      const { values, positions, isSound } = readFields(node, path, context, fields)
      // Every value was read by the field of its name, or is that field's default.
      const read = values as Values<F>
      // What was misread cannot be compared with anything.
      if (!isSound) return read
      check(read, (name, message) =>
        context.report(positions.get(name) ?? node.position, join(path, name), message),
      )
      return read
    },
  }
}

interface ReadFields {
  values: Record<string, unknown>
  /** Of the values that are written. */
  positions: Map<string, Position>
  /** No problem was found, here or deeper. */
  isSound: boolean
}

function readFields(
  node: MapNode,
  path: string,
  outer: ReadContext,
  fields: Fields,
): ReadFields {
  const values: Record<string, unknown> = defaultsOf(fields)
  const positions = new Map<string, Position>()
  let isSound = true
  const report: ReadContext['report'] = (...problem) => {
    isSound = false
    outer.report(...problem)
  }
  const context = { ...outer, report }
  for (const { key, keyPosition, value } of node.entries) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (!field) report(keyPosition, join(path, key), unknownField(key, fields))
    else if (!isNothing(value)) {
      positions.set(key, value.position)
      values[key] = field.kind.read(value, join(path, key), context) ?? field.default
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    if (!field.required || positions.has(name)) continue
    report(node.position, join(path, name), `is required: ${field.kind.type}`)
  }
  return { values, positions, isSound }
}

/** A list whose items are all of one kind. */
export function listOf<T>(
  item: Kind<T>,
  check: (
    items: T[],
    report: (index: number, message: string) => void,
  ) => void = () => {},
): Kind<T[]> {
  const kind: Kind<T[]> = {
    type: `list of ${item.type === 'map' ? 'maps' : item.type}`,
    read(node, path, context) {
      if (node.kind !== 'list') {
        return mistake(node, path, context, `a ${kind.type}, such as [a, b]`)
      }
      const items: T[] = []
      for (const [index, child] of node.items.entries()) {
        const value = item.read(child, `${path}[${index}]`, context)
        if (value !== undefined) items.push(value)
      }
      if (items.length < node.items.length) return items
      check(items, (index, message) => {
        const child = node.items[index]
        if (child) context.report(child.position, `${path}[${index}]`, message)
        else context.report(node.position, path, message)
      })
      return items
    },
  }
  if (item.inside) kind.inside = { suffix: '[]', fields: item.inside.fields }
  return kind
}

/** Reports that something else was expected and answers undefined. */
export function mistake(
  node: ConfigNode,
  path: string,
  context: ReadContext,
  expected: string,
): undefined {
  context.report(
    node.position,
    path,
    `${describeNode(node)} is not allowed; write ${expected}`,
  )
  return undefined
}

/** `field:` with nothing behind it, as templates leave it, is a field that is not set. */
function isNothing(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null
}

function join(path: string, name: string): string {
  const shown = printable(name, 80)
  return path === '' ? shown : `${path}.${shown}`
}

function unknownField(name: string, fields: Fields): string {
  const known = Object.keys(fields)
  const nearest = nearestName(name, known)
  const hint =
    nearest === null ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`
  return `unknown field; ${hint}`
}
