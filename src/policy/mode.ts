import { printable } from '../text/printable.ts'
import type { Mode } from './action.ts'

/** On a Namespace: overrides the configured mode for everything in it. */
export const MODE_LABEL = 'pullgate.dev/mode'

export interface EffectiveMode {
  mode: Mode
  /** A label that means nothing, as a full sentence for a warning and the log; the label is ignored then. */
  problem: string | null
}

/** The mode for objects of a Namespace with these labels (none: `{}`). Values are compared exactly, as labels are. */
export function effectiveMode(
  configured: Mode,
  namespaceLabels: Readonly<Record<string, string>>,
): EffectiveMode {
  const label = Object.hasOwn(namespaceLabels, MODE_LABEL)
    ? namespaceLabels[MODE_LABEL]
    : undefined
  if (label === undefined) return { mode: configured, problem: null }
  if (isMode(label)) return { mode: label, problem: null }
  const problem =
    `The Namespace label ${MODE_LABEL} is "${printable(label, 63)}", which is none of enforce, warn, audit and off; ` +
    `it is ignored and the configured mode ${configured} holds.`
  return { mode: configured, problem }
}

function isMode(value: string): value is Mode {
  return value === 'enforce' || value === 'warn' || value === 'audit' || value === 'off'
}
