import { isAbsolute, join } from 'node:path'
import type { Action } from '../policy/action.ts'
import { causeCodes, isCauseCode, type CauseCode } from '../prediction/causes.ts'
import { printable } from '../text/printable.ts'
import { parseGoDuration } from '../time/go-duration.ts'
import type { ConfigNode } from './config-node.ts'
import { nearestName } from './nearest-name.ts'
import { mistake, type Kind, type ReadContext } from './schema.ts'

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  const type = [words.slice(0, -1).join(', '), ...words.slice(-1)]
    .filter((part) => part !== '')
    .join(' or ')
  return {
    type,
    read(node, path, context) {
      const word = words.find((candidate) => candidate === textOf(node))
      return word ?? mistake(node, path, context, type)
    },
  }
}

export const boolean: Kind<boolean> = {
  type: 'true or false',
  read(node, path, context) {
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
    return mistake(node, path, context, boolean.type)
  },
}

/** Whole milliseconds of a duration in Go's spelling, between two bounds in the same spelling. */
export function duration(least: string, most: string): Kind<number> {
  const leastMs = parseGoDuration(least) ?? 0
  const mostMs = parseGoDuration(most) ?? 0
  const expected = `a duration with a unit between ${least} and ${most}, such as 500ms, 8s or 1m30s`
  return {
    type: 'duration',
    read(node, path, context) {
      const ms = node.kind === 'scalar' ? parseGoDuration(String(node.value)) : null
      if (ms === null || ms < leastMs || ms > mostMs) {
        return mistake(node, path, context, expected)
      }
      return Math.round(ms)
    },
  }
}

export function integer(least: number, most: number): Kind<number> {
  return {
    type: 'whole number',
    read(node, path, context) {
      const value = node.kind === 'scalar' ? node.value : null
      if (
        typeof value === 'number' &&
        Number.isInteger(value) &&
        value >= least &&
        value <= most
      ) {
        return value
      }
      return mistake(node, path, context, `a whole number from ${least} to ${most}`)
    },
  }
}

/** A text that a function accepts, or that it finds fault with by saying what is expected. */
export function textThat<T>(
  type: string,
  accept: (text: string) => { value: T } | { expected: string },
): Kind<T> {
  return {
    type,
    read(node, path, context) {
      const text = textOf(node)
      if (text === null) return mistake(node, path, context, quotedHint(node, type))
      const result = accept(text)
      if ('value' in result) return result.value
      return mistake(node, path, context, result.expected)
    },
  }
}

/** A file or directory; a relative one is relative to the configuration file's directory. */
export const file: Kind<string> = {
  type: 'path',
  read(node, path, context: ReadContext) {
    const text = textOf(node)
    if (text === null || text === '' || text.includes('\0')) {
      const expected = 'a path, absolute or relative to the configuration file'
      return mistake(node, path, context, expected)
    }
    return isAbsolute(text) ? text : join(context.directory, text)
  },
}

/** A glob of text/glob.ts. */
export const glob: Kind<string> = textThat('glob', (text) =>
  text === '' || text !== text.trim()
    ? { expected: 'a glob without surrounding spaces (* is any run, ? one character)' }
    : { value: text },
)

/** The word `auto`, or what another kind reads. */
export function autoOr<T>(kind: Kind<T>): Kind<'auto' | T> {
  return {
    type: `auto, or a ${kind.type}`,
    read(node, path, context) {
      if (textOf(node) === 'auto') return 'auto'
      if (node.kind !== 'scalar') return kind.read(node, path, context)
      return mistake(node, path, context, `auto or a ${kind.type}`)
    },
  }
}

const labelValue = textThat('label value', (text) =>
  /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(text)
    ? { value: text }
    : { expected: 'a label value such as gpu' },
)

/** Labels that a node has to have, each with its value. */
export const labels: Kind<Record<string, string>> = {
  type: 'map of label to value',
  read(node, path, context) {
    if (node.kind !== 'map') {
      return mistake(node, path, context, `a ${labels.type}, such as {pool: gpu}`)
    }
    const read = new Map<string, string>()
    for (const { key, keyPosition, value } of node.entries) {
      const place = `${path}.${printable(key, 80)}`
      const isKey = /^[A-Za-z0-9](?:[-A-Za-z0-9_./]{0,315}[A-Za-z0-9])?$/.test(key)
      if (!isKey) context.report(keyPosition, place, 'is no name of a label')
      const text = labelValue.read(value, place, context)
      if (isKey && text !== undefined) read.set(key, text)
    }
    return Object.fromEntries(read)
  },
}

const action = oneOf<Action>('deny', 'warn', 'allow')

/** Cause codes with an action each. */
export const causeActions: Kind<Partial<Record<CauseCode, Action>>> = {
  type: 'map of cause to deny, warn or allow',
  read(node, path, context) {
    if (node.kind !== 'map') {
      const expected = `a ${causeActions.type}, such as {ImageNotFound: deny}`
      return mistake(node, path, context, expected)
    }
    const actions: Partial<Record<CauseCode, Action>> = {}
    for (const { key, keyPosition, value } of node.entries) {
      const place = `${path}.${printable(key, 80)}`
      if (!isCauseCode(key)) {
        context.report(keyPosition, place, unknownCause(key))
        continue
      }
      const read = action.read(value, place, context)
      if (read !== undefined) actions[key] = read
    }
    return actions
  },
}

function unknownCause(key: string): string {
  const nearest = nearestName(key, causeCodes)
  const hint =
    nearest === null ? `known are ${causeCodes.join(', ')}` : `did you mean "${nearest}"?`
  return `unknown cause; ${hint}`
}

function textOf(node: ConfigNode): string | null {
  return node.kind === 'scalar' && typeof node.value === 'string' ? node.value : null
}

/** YAML reads 5000, 1.10 and true as something else than text. */
function quotedHint(node: ConfigNode, type: string): string {
  const isOther = node.kind === 'scalar' && node.value !== null
  return isOther ? `a ${type} in quotes` : `a ${type}`
}
