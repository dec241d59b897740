import { printable } from '../text/printable.ts'

/** What stands for all values beyond the bound. */
export const OTHER = 'other'

/** Keeps a label that users choose from growing without end: after `max` distinct values every new one is `other`. */
export function boundedLabel(max: number): (value: string) => string {
  const seen = new Set<string>()
  return (value) => {
    const label = printable(value, 253)
    if (seen.has(label)) return label
    if (seen.size >= max) return OTHER
    seen.add(label)
    return label
  }
}
