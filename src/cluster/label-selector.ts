import type { Fields } from '../json/fields.ts'
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
  const value = labels[textOrEmpty(expression.key)]
  const values = textList(expression.values)
  switch (expression.operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      // An operator that we do not know: whoever asks is cautious about a match.
      return true
  }
}
