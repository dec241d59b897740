import type { ReferenceRemark } from '../../reference/diagnose-valid-reference.ts'
import { printable } from '../../text/printable.ts'

/**
 * What the spelling suggests once the registry does not have the image (catalogue rows 9, 10 and 78). Where the repository is known to
 * exist, its first part was no mistake.
 */
export function hintFor(
  remarks: readonly ReferenceRemark[],
  { repositoryExists }: { repositoryExists: boolean } = { repositoryExists: false },
): string | null {
  const moved = remarks.find((remark) => remark.remark === 'legacy-host')
  if (moved !== undefined) {
    const instead =
      moved.suggestion === null ? '' : ` Try ${printable(moved.suggestion, 200)}.`
    return `${moved.note}${instead}`
  }
  const host = remarks.find((remark) => remark.remark === 'localhost-tag')
  if (host !== undefined) {
    return `"${printable(host.host, 80)}" was read as a repository and a tag; a repository has to follow the host.`
  }
  const dotless = remarks.find((remark) => remark.remark === 'dotless-registry')
  if (dotless === undefined || repositoryExists) return null
  return `"${printable(dotless.first, 80)}" has no dot or port, so it is not a registry: this means docker.io. If a registry was meant, write its full host.`
}
