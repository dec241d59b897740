import type { ReferenceRemark } from '../reference/diagnose-valid-reference.ts'
import { printable } from '../text/printable.ts'

/** What the spelling suggests when the registry does not have it (catalogue rows 9, 10 and 78). */
export function hintFor(remarks: readonly ReferenceRemark[]): string | null {
  for (const remark of remarks) {
    if (remark.remark === 'dotless-registry') {
      return `"${printable(remark.first, 80)}" has no dot or port, so it is not a registry: this means docker.io. If a registry was meant, write its full host.`
    }
    if (remark.remark === 'localhost-tag') {
      return `"${printable(remark.host, 80)}" was read as a repository and a tag; a repository has to follow the host.`
    }
    if (remark.remark === 'legacy-host') return describeMove(remark)
  }
  return null
}

function describeMove(
  moved: Extract<ReferenceRemark, { remark: 'legacy-host' }>,
): string {
  const instead =
    moved.suggestion === null ? '' : ` Try ${printable(moved.suggestion, 200)}.`
  return `${moved.note}${instead}`
}
