import { effectiveServiceAccountName } from './pull-settings.ts'
import { sameJson } from './same-json.ts'
import type { ImageUse, Workload } from './workload.ts'

const eagerness = { Never: 0, IfNotPresent: 1, Always: 2 }

/**
 * The images that an update brings: containers are told apart by role and name, not by place, and the strings of custom
 * resources by what they say. A pull policy that pulls where the old one did not counts as a change too.
 */
export function changedImages(before: Workload, after: Workload): ImageUse[] {
  const known = new Map<string, number>()
  for (const use of before.images) {
    const key = keyOf(use)
    known.set(key, Math.max(eagerness[use.pullPolicy], known.get(key) ?? 0))
  }
  return after.images.filter((use) => {
    const oldEagerness = known.get(keyOf(use))
    return oldEagerness === undefined || eagerness[use.pullPolicy] > oldEagerness
  })
}

/**
 * Whether an update changes what every image of the object depends on: pull secrets, service account, node selection, or
 * that Pods are wanted at all (replicas from zero, suspend lifted).
 */
export function changesPullConditions(before: Workload, after: Workload): boolean {
  return (
    !sameJson(before.pullSecrets, after.pullSecrets) ||
    effectiveServiceAccountName(before) !== effectiveServiceAccountName(after) ||
    !sameJson(before.placement, after.placement) ||
    (before.replicas === 0 && after.replicas !== 0) ||
    (before.suspended && !after.suspended)
  )
}

function keyOf({ role, container, image }: ImageUse): string {
  return JSON.stringify([role, container, image])
}
