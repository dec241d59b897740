import type { Decision, JudgedFinding } from '../policy/decision.ts'
import { printable } from '../text/printable.ts'
import { foldImages, sameness, type ToldImage } from './fold-findings.ts'

/** Long enough for several images with their commands, short enough for a terminal and an event. */
export const MAX_MESSAGE_LENGTH = 3000

const MAX_LINE_LENGTH = 600
/** Images with one and the same trouble (a broken pull secret, say) that are named before it. */
const MAX_HEADERS = 3
/** Room for the line that counts what is left out. */
const RESERVE = 40

/**
 * What a denied user reads after `denied the request:`; several lines, each printable. For each image: which container,
 * which image, the cause, then indented the evidence and the next thing to type.
 */
export function denialMessage(decision: Decision): string {
  const lines: string[] = []
  let length = 0
  let left = 0
  const add = (block: readonly string[]): boolean => {
    const more = block.reduce((sum, line) => sum + line.length + 1, 0)
    if (length > 0 && length + more > MAX_MESSAGE_LENGTH - RESERVE) return false
    lines.push(...block)
    length += more
    return true
  }
  for (const images of foldTroubles(decision)) {
    const [first] = images
    const [leading, ...others] = first?.findings ?? []
    if (leading === undefined) continue
    if (left > 0 || !add([...headers(images, leading), ...evidence(leading)])) {
      left += images.length
      continue
    }
    for (const other of others) add(evidence(other, `also [${other.finding.cause}]: `))
  }
  if (left > 0) lines.push(`and ${counted(left)}`)
  return lines.join('\n')
}

/** Different images with the very same findings share one block. */
function foldTroubles(decision: Decision): ToldImage[][] {
  const denied = foldImages(decision, ({ action }) => action === 'deny')
  return [
    ...Map.groupBy(denied, ({ findings }) => findings.map(sameness).join('\n')).values(),
  ]
}

function headers(images: readonly ToldImage[], leading: JudgedFinding): string[] {
  const named = images
    .slice(0, MAX_HEADERS)
    .map(({ places, image }) =>
      printable(
        `${places}: ${image} cannot be pulled [${leading.finding.cause}]`,
        MAX_LINE_LENGTH,
      ),
    )
  const left = images.length - MAX_HEADERS
  return left > 0 ? [...named, `and ${counted(left)} for the same reason`] : named
}

function evidence({ finding }: JudgedFinding, prefix = ''): string[] {
  const lines = [`  ${printable(prefix + finding.message, MAX_LINE_LENGTH)}`]
  if (finding.advice !== null)
    lines.push(`  ${printable(finding.advice, MAX_LINE_LENGTH)}`)
  return lines
}

/** `1 more image`, `7 more images`. */
export function counted(images: number): string {
  return images === 1 ? '1 more image' : `${images} more images`
}
