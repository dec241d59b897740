import type { Decision, JudgedFinding } from '../policy/decision.ts'
import { causes } from '../prediction/causes.ts'
import { printable } from '../text/printable.ts'
import { foldImages, sameness, type ToldImage } from './fold-findings.ts'
import { counted, denialMessage } from './message.ts'

/**
 * The API server cuts every warning to 256 characters once all of an answer are longer than 4,096 together, and drops the rest
 * (k8s.io/apiserver, endpoints/filters/warning.go). A warning with a newline is dropped in silence.
 */
export const MAX_WARNING_LENGTH = 256
export const MAX_WARNINGS_LENGTH = 4096

/** Room for the line that counts what is left out. */
const RESERVE = 60
const MAX_PLACES_LENGTH = 80
const MAX_IMAGE_LENGTH = 110

/**
 * The `Warning:` lines of an answer: `notes` (what is odd about the request's labels and annotations) first, then what would
 * be denied were the mode `enforce`, then what is only doubtful. A denial's own findings are in its message, not here, nor is
 * what that message or a line before says in the same words. Audit mode is silent.
 */
export function warningLines(
  decision: Decision,
  notes: readonly string[] = [],
): string[] {
  if (decision.mode === 'audit' || decision.mode === 'off') return []
  const isClean = decision.images.every(({ findings }) => findings.length === 0)
  if (isClean && notes.length === 0 && decision.ceilings.length === 0) return []
  const denied = decision.action === 'deny'
  const wouldBeDenied = denied ? [] : linesFor(decision, 'deny', 'would be denied: ')
  return boundedLines([
    ...notes,
    ...wouldBeDenied.map(({ line }) => line),
    ...unsaid(
      denied
        ? denialMessage(decision)
        : wouldBeDenied.map(({ shown }) => shown).join('\n'),
      linesFor(decision, 'warn', ''),
    ),
    ...(denied ? [] : decision.ceilings.map((reason) => `not denied: ${reason}`)),
  ])
}

interface Line {
  line: string
  /** As the user will see it, cut where it is too long. */
  shown: string
  /** The finding's words where they are about the object's secrets, and so the same for all its images; else null. */
  aboutSecrets: string | null
}

/** A pull secret that does not exist explains a refusal, and is a finding of its own: it is told once. */
function unsaid(said: string, lines: readonly Line[]): string[] {
  const kept: string[] = []
  let told = said
  for (const { line, shown, aboutSecrets } of lines) {
    if (aboutSecrets !== null && told.includes(aboutSecrets)) continue
    kept.push(line)
    told += `\n${shown}`
  }
  return kept
}

/** Printable, distinct, each and all of them within the API server's limits; the last line counts what had no room. */
export function boundedLines(texts: readonly string[]): string[] {
  const lines = [...new Set(texts.map((text) => printable(text, MAX_WARNING_LENGTH)))]
  const kept: string[] = []
  let length = 0
  for (const line of lines) {
    if (length + line.length > MAX_WARNINGS_LENGTH - RESERVE) break
    kept.push(line)
    length += line.length
  }
  const left = lines.length - kept.length
  if (left > 0) kept.push(`and ${left} more warning${left === 1 ? '' : 's'} about images`)
  return kept
}

function linesFor(decision: Decision, action: 'warn' | 'deny', prefix: string): Line[] {
  return foldFindings(decision, action).map((same) => {
    const line = prefix + oneLine(same, prefix.length)
    const shown = printable(line, MAX_WARNING_LENGTH)
    const { cause, message } = same.judged.finding
    const aboutSecrets = causes[cause].aspect === 'secret' ? printable(message) : null
    return { line, shown, aboutSecrets }
  })
}

/** One finding in the same words, and the images that it is about. */
interface SameFinding {
  judged: JudgedFinding
  /** The first of them. */
  told: ToldImage
  others: number
}

/** A registry that is down is told of once, not for every image of it. */
function foldFindings(decision: Decision, action: 'warn' | 'deny'): SameFinding[] {
  const groups = new Map<string, SameFinding>()
  for (const told of foldImages(decision, (judged) => judged.action === action)) {
    for (const judged of told.findings) {
      const key = sameness(judged)
      const group = groups.get(key)
      if (group === undefined) groups.set(key, { judged, told, others: 0 })
      else group.others++
    }
  }
  return [...groups.values()]
}

/** Head and message always; the doubt and the advice whole or not at all, since half a command is worse than none. */
function oneLine({ judged, told, others }: SameFinding, used: number): string {
  const { finding } = judged
  const places = printable(told.places, MAX_PLACES_LENGTH)
  const image = printable(told.image, MAX_IMAGE_LENGTH)
  const more = others === 0 ? '' : ` and ${counted(others)}`
  let line = `${places}: ${image}${more} [${finding.cause}]: ${finding.message}`
  for (const part of [finding.doubts[0], finding.advice]) {
    if (part === undefined || part === null) continue
    const longer = `${line}${/[.!?]$/.test(line) ? ' ' : '; '}${part}`
    if (longer.length + used <= MAX_WARNING_LENGTH) line = longer
  }
  return line
}
