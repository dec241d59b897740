import type { Decision, ImageDecision, JudgedFinding } from '../policy/decision.ts'
import { printable } from '../text/printable.ts'
import type { ImageUse } from '../workload/workload.ts'

/** One fact to tell, once for all the places of an object that it is true of. */
export interface ToldImage {
  /** Such as `containers "web", "api", init container "migrate"`. */
  places: string
  /** The image as written, and as normalised where the finding does not show that itself. */
  image: string
  findings: JudgedFinding[]
}

const MAX_PLACES = 4
const MAX_IMAGE_LENGTH = 300
/** DNS labels have at most 63 characters; what comes from a file may be longer. */
const MAX_NAME_LENGTH = 63
const MAX_PATH_LENGTH = 120

const roleNames = {
  container: 'container',
  initContainer: 'init container',
  ephemeralContainer: 'ephemeral container',
  volume: 'volume',
  custom: 'container',
} as const satisfies Record<ImageUse['role'], string>

/**
 * The images of a decision with the findings that `keep` keeps, equal ones folded into one: ten containers with one image
 * have one thing wrong. In the order of first appearance.
 */
export function foldImages(
  decision: Decision,
  keep: (judged: JudgedFinding) => boolean,
): ToldImage[] {
  const groups = new Map<
    string,
    { first: ImageDecision; kept: JudgedFinding[]; uses: ImageUse[] }
  >()
  for (const image of decision.images) {
    const kept = image.findings.filter(keep)
    if (kept.length === 0) continue
    const { use } = image.prediction
    const key = JSON.stringify([use.image, ...kept.map(sameness)])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { first: image, kept, uses: [use] })
    else group.uses.push(use)
  }
  return [...groups.values()].map(({ first, kept, uses }) => ({
    places: placeNames(uses),
    image: imageText(first, kept),
    findings: kept,
  }))
}

/** What makes two judged findings say the same. */
export function sameness({ finding, action }: JudgedFinding): string {
  return JSON.stringify([action, finding.cause, finding.message, finding.advice])
}

/** `container "web"`, `containers "a", "b"`, `init container "c"`, `volume "models"`; the field where a place has no name. */
export function placeNames(uses: readonly ImageUse[]): string {
  const byRole = new Map<string, string[]>()
  for (const use of uses.slice(0, MAX_PLACES)) {
    const role = use.container === null ? '' : roleNames[use.role]
    const name =
      use.container === null
        ? printable(use.path, MAX_PATH_LENGTH)
        : `"${printable(use.container, MAX_NAME_LENGTH)}"`
    byRole.set(role, [...(byRole.get(role) ?? []), name])
  }
  const parts = [...byRole].map(([role, names]) => {
    const list = names.join(', ')
    return role === '' ? list : `${role}${names.length > 1 ? 's' : ''} ${list}`
  })
  const left = uses.length - MAX_PLACES
  return parts.join(', ') + (left > 0 ? ` and ${left} more` : '')
}

/** The user's spelling, plus the normalised one when they differ (pull-semantics 9.9) and no finding names it anyway. */
function imageText(
  { prediction }: ImageDecision,
  findings: readonly JudgedFinding[],
): string {
  const { use, reference } = prediction
  const written = spelling(use.image)
  if (reference === null || reference.pullReference === use.image) return written
  const name = `${reference.registry}/${reference.repository}`
  const shown = use.image.startsWith(name)
  if (shown || findings.some(({ finding }) => finding.message.includes(name)))
    return written
  return `${written} (${printable(reference.pullReference, MAX_IMAGE_LENGTH)})`
}

/** In quotes with escapes where blanks or control characters would else be lost: they may be what is wrong. */
function spelling(image: string): string {
  const shown = printable(image, MAX_IMAGE_LENGTH)
  const plain = shown !== '' && (shown === image || image.length > MAX_IMAGE_LENGTH)
  return plain ? shown : printable(JSON.stringify(image), MAX_IMAGE_LENGTH)
}
