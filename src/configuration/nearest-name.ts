import { editDistance } from '../text/edit-distance.ts'

/** The known name that someone who typed `name` most likely meant; null when none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > 64) return null
  const wanted = name.toLowerCase()
  let best: string | null = null
  // A third of the letters may be wrong, and always one; a later name has to be nearer.
  let limit = Math.max(1, Math.floor(name.length / 3))
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase(), limit)
    if (distance === null) continue
    best = candidate
    limit = distance - 1
  }
  return best
}
