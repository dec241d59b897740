const MAX_SUGGESTIONS = 3

/**
 * The tags that whoever wrote `wanted` most likely meant, best first, at most three. Spelling comes first (case, a `v` prefix,
 * then edit distance), and for versions also the neighbours: the same minor or major release.
 */
export function suggestTags(wanted: string, tags: readonly string[]): string[] {
  const scored: { tag: string; score: number }[] = []
  for (const tag of tags) {
    const score = distance(wanted, tag)
    if (score !== null) scored.push({ tag, score })
  }
  scored.sort((a, b) => a.score - b.score || compareVersions(b.tag, a.tag))
  return scored.slice(0, MAX_SUGGESTIONS).map(({ tag }) => tag)
}

/** Smaller is nearer; null is too far to be worth a word. */
function distance(wanted: string, tag: string): number | null {
  const a = bare(wanted)
  const b = bare(tag)
  if (a === b) return 0
  const edits = editDistance(a, b, Math.max(2, Math.ceil(a.length / 3)))
  const versions = versionDistance(a, b)
  if (edits === null) return versions
  return versions === null ? edits : Math.min(edits, versions)
}

/** Case and a leading v are what people get wrong most. */
function bare(tag: string): string {
  const lower = tag.toLowerCase()
  return /^v\d/.test(lower) ? lower.slice(1) : lower
}

const VERSION = /^(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(-[a-z0-9._-]{1,60})?$/

interface Version {
  numbers: [number, number, number]
  parts: number
  suffix: string
}

function parseVersion(tag: string): Version | null {
  const match = VERSION.exec(tag)
  if (!match) return null
  const [, major, minor, patch, suffix] = match
  return {
    numbers: [Number(major), Number(minor ?? 0), Number(patch ?? 0)],
    parts: patch !== undefined ? 3 : minor !== undefined ? 2 : 1,
    suffix: suffix ?? '',
  }
}

/** Neighbours in the version order: same minor 2 and up, same major 3 and up, a foreign suffix costs one more. */
function versionDistance(wanted: string, tag: string): number | null {
  const a = parseVersion(wanted)
  const b = parseVersion(tag)
  if (!a || !b) return null
  if (a.numbers[0] !== b.numbers[0]) return null
  const suffix = a.suffix === b.suffix ? 0 : 1
  const shape = a.parts === b.parts ? 0 : 0.5
  if (a.numbers[1] === b.numbers[1]) return 2 + suffix + shape
  const step = Math.min(Math.abs(a.numbers[1] - b.numbers[1]), 100) / 101
  return 3 + suffix + shape + step
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** Optimal string alignment distance, a swap of neighbours counting one; null beyond `limit`. */
function editDistance(a: string, b: string, limit: number): number | null {
  if (Math.abs(a.length - b.length) > limit) return null
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
      )
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  const edits = last[b.length] ?? 0
  return edits <= limit ? edits : null
}
