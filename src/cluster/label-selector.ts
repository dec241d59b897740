import type { Fields } from '../json/fields.ts'
import { matchesRequirement } from '../workload/matches-requirement.ts'
import { fieldsList, textList, textMap, textOrEmpty } from './lenient-fields.ts'

/** metav1.LabelSelector: all of matchLabels and matchExpressions; the empty one matches everything. */
export function matchesSelector(
  selector: Fields,
  labels: Record<string, string>,
): boolean {
  return (
    Object.entries(textMap(selector.matchLabels)).every(
      ([key, value]) => labels[key] === value,
    ) &&
    fieldsList(selector.matchExpressions).every((expression) =>
      matchesExpression(expression, labels),
    )
  )
}

function matchesExpression(expression: Fields, labels: Record<string, string>): boolean {
  const key = textOrEmpty(expression.key)
  const operator = textOrEmpty(expression.operator)
  const requirement = { key, operator, values: textList(expression.values) }
  return matchesRequirement(requirement, labels[key])
}
