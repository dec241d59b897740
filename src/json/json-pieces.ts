import { isFields } from './fields.ts'

/** A list inside a JSON value that is made item by item while it is written, so that it is never there as a whole. */
export class ItemByItem {
  readonly items: Iterable<unknown>

  constructor(items: Iterable<unknown>) {
    this.items = items
  }
}

/** `JSON.stringify(value, null, 2)` in pieces; what holds an ItemByItem comes in many. */
export function* jsonPieces(value: unknown, indent = ''): Generator<string> {
  const inner = `${indent}  `
  if (value instanceof ItemByItem) {
    yield* between('[', ']', indent, each(value.items, inner))
  } else if (Array.isArray(value) && value.some(isLong)) {
    yield* between('[', ']', indent, each(value, inner))
  } else if (isFields(value) && isLong(value)) {
    yield* between('{', '}', indent, fields(value, inner))
  } else {
    yield JSON.stringify(value, null, 2).replaceAll('\n', `\n${indent}`)
  }
}

function isLong(value: unknown): boolean {
  if (value instanceof ItemByItem) return true
  if (Array.isArray(value)) return value.some(isLong)
  return isFields(value) && Object.values(value).some(isLong)
}

function* each(items: Iterable<unknown>, indent: string): Generator<Generator<string>> {
  for (const item of items) yield jsonPieces(item, indent)
}

function* fields(value: object, indent: string): Generator<Generator<string>> {
  for (const [name, field] of Object.entries(value)) {
    if (field !== undefined) yield named(name, field, indent)
  }
}

function* named(name: string, field: unknown, indent: string): Generator<string> {
  yield `${JSON.stringify(name)}: `
  yield* jsonPieces(field, indent)
}

function* between(
  open: string,
  close: string,
  indent: string,
  parts: Iterable<Iterable<string>>,
): Generator<string> {
  let isEmpty = true
  for (const part of parts) {
    yield `${isEmpty ? open : ','}\n${indent}  `
    yield* part
    isEmpty = false
  }
  yield isEmpty ? `${open}${close}` : `\n${indent}${close}`
}
