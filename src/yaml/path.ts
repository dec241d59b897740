/** A key of a map or an index of a list. */
export type PathSegment = string | number

/** Stands for `[*]`: every item of a list, or every value of a map. */
export const everyItem = Symbol('[*]')

export type PatternSegment = PathSegment | typeof everyItem

const MAX_PATH_LENGTH = 2048

// One step: `.name` (the dot only after another step), `[3]`, `[*]` or `["any key"]`.
const STEP = /(\.?)([^.[\]"\s]+)|\[(?:([0-9]{1,9})|(\*)|("(?:[^"\\]|\\.)*"))\]/y

/**
 * Reads `spec.containers[0].image` or `metadata.annotations["pullgate.dev/skip"]`. The empty path is the document itself.
 * null for anything else, wildcards included.
 */
export function parsePath(text: string): PathSegment[] | null {
  const segments = parsePattern(text)
  if (segments === null) return null
  const concrete = segments.filter((segment) => segment !== everyItem)
  return concrete.length === segments.length ? concrete : null
}

/** As parsePath, with `[*]` for every item of a list (or every value of a map). */
export function parsePattern(text: string): PatternSegment[] | null {
  if (text.length > MAX_PATH_LENGTH) return null
  const segments: PatternSegment[] = []
  let end = 0
  while (end < text.length) {
    STEP.lastIndex = end
    const step = STEP.exec(text)
    if (step === null) return null
    const [whole, dot, name, index, star, quoted] = step
    if (name !== undefined && (dot === '') !== (end === 0)) return null
    const segment = readSegment(name, index, star, quoted)
    if (segment === null) return null
    segments.push(segment)
    end += whole.length
  }
  return segments
}

/** The opposite of parsePath: `spec.containers[0].image`. */
export function formatPath(segments: readonly PathSegment[]): string {
  let text = ''
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`
    else if (/^[^.[\]"\s]+$/.test(segment)) text += text === '' ? segment : `.${segment}`
    else text += `[${JSON.stringify(segment)}]`
  }
  return text
}

function readSegment(
  name: string | undefined,
  index: string | undefined,
  star: string | undefined,
  quoted: string | undefined,
): PatternSegment | null {
  if (name !== undefined) return name
  if (index !== undefined) return Number(index)
  if (star !== undefined) return everyItem
  try {
    return JSON.parse(quoted ?? '') as string
  } catch {
    return null
  }
}
