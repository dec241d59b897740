import { editDistance } from '../../text/edit-distance.ts'

const MAX_SUGGESTIONS = 3
/** Minor releases further away than this are not neighbours. */
const NEAR_MINORS = 5

/**
 * The tags that whoever wrote `wanted` most likely meant, best first, at most three. Slips of the finger come first (case, a `v`
 * prefix, a misplaced dot, then edit distance), then the neighbours of a version: the same minor release, the nearest minor
 * releases. For `latest`, mostly not written at all, the newest versions. What is far away is noise and left out.
 */
export function suggestTags(wanted: string, tags: readonly string[]): string[] {
  const same = ranked(tags, (tag) => (bare(tag) === bare(wanted) ? 0 : null))
  if (same.length > 0) return same
  const slips = ranked(tags, (tag) => slip(wanted, tag))
  const versions = (within: Neighbours): string[] =>
    ranked(tags, (tag) => versionDistance(bare(wanted), bare(tag), within))
  const near = [...new Set([...slips, ...versions('same-minor')])]
  const found = near.length > 0 ? near : versions('near-minors')
  const newest = found.length === 0 && wanted === 'latest' ? ranked(tags, isRelease) : []
  return [...found, ...newest].slice(0, MAX_SUGGESTIONS)
}

/** Smaller is nearer; null is too far to be worth a word. The newer version first among equals. */
function ranked(
  tags: readonly string[],
  distance: (tag: string) => number | null,
): string[] {
  const scored: { tag: string; score: number }[] = []
  for (const tag of tags) {
    const score = distance(tag)
    if (score !== null) scored.push({ tag, score })
  }
  scored.sort((a, b) => a.score - b.score || compareVersions(b.tag, a.tag))
  return scored.slice(0, MAX_SUGGESTIONS).map(({ tag }) => tag)
}

function slip(wanted: string, tag: string): number | null {
  const a = bare(wanted)
  const b = bare(tag)
  // 1.277 for 1.27.7, 1_2 for 1.2: the same letters and digits.
  if (squeezed(a) === squeezed(b)) return 0.5
  const edits = editDistance(a, b, allowedEdits(a))
  if (edits === null) return null
  // Other digits make another version: 1.26.3 is not what 1.277 was meant to be, 1.27 is.
  return changesVersion(a, b, edits) ? null : edits + Math.abs(a.length - b.length) / 10
}

/** One slip in a short tag, one in every three characters of a longer one, three at most. */
function allowedEdits(tag: string): number {
  return Math.min(3, Math.max(1, Math.floor(tag.length / 3)))
}

/** Two versions are a slip apart when one is the start of the other, or only their suffixes differ a little. */
function changesVersion(a: string, b: string, edits: number): boolean {
  const first = parseVersion(a)
  const second = parseVersion(b)
  if (first === null || second === null) return false
  if (first.text === second.text) return false
  const sameSuffix = first.suffix === second.suffix
  const isStart = first.text.startsWith(second.text) || second.text.startsWith(first.text)
  return !(sameSuffix && isStart && edits <= 2)
}

/** Case and a leading v are what people get wrong most. */
function bare(tag: string): string {
  const lower = tag.toLowerCase()
  return /^v\d/.test(lower) ? lower.slice(1) : lower
}

function squeezed(tag: string): string {
  return tag.replaceAll(/[._-]/g, '')
}

const VERSION = /^(\d{1,9}(?:\.\d{1,9}){0,3})([-_+.][a-z0-9._-]{1,100})?$/

interface Version {
  /** The numbers as written. */
  text: string
  numbers: number[]
  suffix: string
}

function parseVersion(tag: string): Version | null {
  const match = VERSION.exec(tag)
  if (!match) return null
  const [, text = '', suffix = ''] = match
  return { text, numbers: text.split('.').map(Number), suffix }
}

type Neighbours = 'same-minor' | 'near-minors'

/**
 * Neighbours in the version order: the same minor release, or the nearest minor releases of the same major one. Another suffix (`-alpine`) is another image
 * and left out where the suffix was written. A date or build number has no neighbours.
 */
function versionDistance(wanted: string, tag: string, within: Neighbours): number | null {
  const a = parseVersion(wanted)
  const b = parseVersion(tag)
  if (!a || !b || a.numbers[0] !== b.numbers[0] || a.suffix !== b.suffix) return null
  const [, minor = 0, patch = 0] = a.numbers
  const [, otherMinor = 0, otherPatch = 0] = b.numbers
  if (b.numbers.length === 1) return null
  const away = Math.abs(minor - otherMinor)
  if (within === 'near-minors') return away > 0 && away <= NEAR_MINORS ? away : null
  return away === 0 ? Math.abs(patch - otherPatch) : null
}

function isRelease(tag: string): number | null {
  const version = parseVersion(bare(tag))
  return version !== null && version.suffix === '' && version.numbers.length > 1
    ? 0
    : null
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
