import { causes } from '../prediction/causes.ts'
import type {
  AuditGroup,
  AuditGroups,
  AuditedImage,
  AuditedObject,
} from './audit-result.ts'
import { registryLabel } from './registry-label.ts'

/** Where a Pod belongs that no node has taken yet. */
export const NO_NODE = '(not scheduled)'

/**
 * How widespread trouble is: what is denied or warned about, by cause, registry, namespace and node, the widest first. The blast
 * radius counts Pods that run now, each once in a group: `certain` would not come back after they are rescheduled to a node
 * without the image, `possible` might not.
 */
export function groupObjects(objects: readonly AuditedObject[]): AuditGroups {
  const groups = {
    causes: new Map<string, Tally>(),
    registries: new Map<string, Tally>(),
    namespaces: new Map<string, Tally>(),
    nodes: new Map<string, Tally>(),
  }
  for (const audited of objects) {
    const failing = audited.images.filter(({ decision }) => decision.action !== 'allow')
    if (failing.length === 0) continue
    const { namespace } = audited.object
    count(groups.namespaces, namespace, audited, failing)
    for (const [cause, images] of by(failing, causeOf))
      count(groups.causes, cause, audited, images)
    for (const [registry, images] of by(failing, registryOf))
      count(groups.registries, registry, audited, images)
    for (const node of new Set(audited.pods?.map((pod) => pod.node ?? NO_NODE)))
      count(groups.nodes, node, podsOn(audited, node), failing)
  }
  return {
    causes: ranked(groups.causes),
    registries: ranked(groups.registries),
    namespaces: ranked(groups.namespaces),
    nodes: ranked(groups.nodes).filter(({ pods }) => pods > 0),
  }
}

interface Tally extends AuditGroup {
  names: Set<string>
}

function count(
  tallies: Map<string, Tally>,
  key: string,
  { pods = [] }: AuditedObject,
  failing: readonly AuditedImage[],
): void {
  const tally = tallies.get(key) ?? emptyTally(key)
  tallies.set(key, tally)
  tally.objects += 1
  for (const { decision } of failing) {
    tally.names.add(decision.prediction.use.image)
    if (decision.action !== 'allow') tally[decision.action] += 1
  }
  const [lost, all] = [failing.filter(isLostOnReschedule), failing].map(
    (images) => new Set(images.map(({ decision }) => decision.prediction.use.image)),
  )
  for (const pod of pods) {
    if (!pod.images.some((image) => all?.has(image))) continue
    tally.pods += pod.count
    if (pod.images.some((image) => lost?.has(image)))
      tally.blastRadius.certain += pod.count
    else tally.blastRadius.possible += pod.count
  }
}

/**
 * Whether a Pod with this image would not start on a node that does not hold it: the finding is certain, or all that speaks
 * against it is that nodes may hold the image. Whatever the configuration makes of the cause.
 */
export function isLostOnReschedule({ decision }: AuditedImage): boolean {
  return decision.findings.some(({ finding }) => {
    if (causes[finding.cause].defaultAction !== 'deny') return false
    return finding.certainty === 'certain' || finding.doubts.every(isAboutPresence)
  })
}

/** What presence.ts says of nodes that hold an image, or may; a test holds the two together. */
const ABOUT_PRESENCE =
  /imagePullPolicy IfNotPresent|eligible nodes? lists? the image|No eligible node is known/

export function isAboutPresence(doubt: string): boolean {
  return ABOUT_PRESENCE.test(doubt)
}

function causeOf({ decision }: AuditedImage): string {
  return decision.leading?.finding.cause ?? 'Unverified'
}

function registryOf({ decision }: AuditedImage): string {
  return registryLabel(decision.prediction)
}

function by(
  images: readonly AuditedImage[],
  keyOf: (image: AuditedImage) => string,
): Map<string, AuditedImage[]> {
  return Map.groupBy(images, keyOf)
}

function podsOn(audited: AuditedObject, node: string): AuditedObject {
  const pods = (audited.pods ?? []).filter((pod) => (pod.node ?? NO_NODE) === node)
  return { ...audited, pods }
}

function emptyTally(key: string): Tally {
  return {
    key,
    objects: 0,
    images: 0,
    deny: 0,
    warn: 0,
    pods: 0,
    blastRadius: { certain: 0, possible: 0 },
    names: new Set(),
  }
}

function ranked(tallies: Map<string, Tally>): AuditGroup[] {
  return [...tallies.values()]
    .map(withoutNames)
    .toSorted(
      (a, b) =>
        b.blastRadius.certain - a.blastRadius.certain ||
        b.pods - a.pods ||
        b.deny - a.deny ||
        b.objects - a.objects ||
        (a.key < b.key ? -1 : 1),
    )
}

function withoutNames({ names, ...group }: Tally): AuditGroup {
  group.images = names.size
  return group
}
