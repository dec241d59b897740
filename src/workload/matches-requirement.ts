import type { NodeSelectorRequirement } from './workload.ts'

/**
 * Whether a label or field has what one requirement of a selector wants: those of label selectors, and Gt and Lt of node selectors
 * (Kubernetes API, NodeSelectorRequirement). An operator that is not known matches: whoever asks is cautious about a match.
 */
export function matchesRequirement(
  { operator, values }: NodeSelectorRequirement,
  actual: string | undefined,
): boolean {
  switch (operator) {
    case 'In':
      return actual !== undefined && values.includes(actual)
    case 'NotIn':
      return actual === undefined || !values.includes(actual)
    case 'Exists':
      return actual !== undefined
    case 'DoesNotExist':
      return actual === undefined
    case 'Gt':
      return compareIntegers(actual, values[0], (a, b) => a > b)
    case 'Lt':
      return compareIntegers(actual, values[0], (a, b) => a < b)
    default:
      return true
  }
}

function compareIntegers(
  actual: string | undefined,
  wanted: string | undefined,
  holds: (a: bigint, b: bigint) => boolean,
): boolean {
  const integer = /^[+-]?\d{1,19}$/
  if (actual === undefined || wanted === undefined) return false
  if (!integer.test(actual) || !integer.test(wanted)) return false
  return holds(BigInt(actual), BigInt(wanted))
}
