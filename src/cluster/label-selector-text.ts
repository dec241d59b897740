import { matchesRequirement } from '../workload/matches-requirement.ts'
import type { NodeSelectorRequirement } from '../workload/workload.ts'

/** The text is no label selector; the message quotes what cannot be read. */
export class InvalidLabelSelector extends Error {
  readonly code = 'InvalidLabelSelector'
}

const KEY = '([-A-Za-z0-9_./]+)'
const VALUE = '([-A-Za-z0-9_.]*)'
const FORMS: readonly [RegExp, string][] = [
  [new RegExp(`^${KEY}\\s*(?:==|=)\\s*${VALUE}$`), 'In'],
  [new RegExp(`^${KEY}\\s*!=\\s*${VALUE}$`), 'NotIn'],
  [new RegExp(`^${KEY}\\s+in\\s*\\(([^()]*)\\)$`), 'In'],
  [new RegExp(`^${KEY}\\s+notin\\s*\\(([^()]*)\\)$`), 'NotIn'],
  [new RegExp(`^!\\s*${KEY}$`), 'DoesNotExist'],
  [new RegExp(`^${KEY}$`), 'Exists'],
]

/**
 * A selector as `kubectl get -l` takes it: requirements with commas between, all of which hold
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors). Empty selects everything.
 * Throws InvalidLabelSelector.
 */
export function parseLabelSelector(text: string): NodeSelectorRequirement[] {
  if (text.trim() === '') return []
  // Not the commas inside a set.
  return text.split(/,(?![^(]*\))/).map((part) => parseRequirement(part.trim()))
}

/** Whether labels fulfil every requirement. */
export function selects(
  selector: readonly NodeSelectorRequirement[],
  labels: Readonly<Record<string, string>>,
): boolean {
  return selector.every((requirement) =>
    matchesRequirement(
      requirement,
      Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined,
    ),
  )
}

function parseRequirement(part: string): NodeSelectorRequirement {
  for (const [form, operator] of FORMS) {
    const match = form.exec(part)
    if (match === null) continue
    const [, key = '', values] = match
    return {
      key,
      operator,
      values: values === undefined ? [] : values.split(',').map((value) => value.trim()),
    }
  }
  throw new InvalidLabelSelector(`"${part}" is no requirement of a label selector`)
}
