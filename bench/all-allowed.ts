import { readFile, rm } from 'node:fs/promises'

/** What is read here of the report `-o json=FILE`. */
interface Report {
  results: { images: { image: string; action: string; digest: string | null }[] }[]
  problems: unknown[]
}

/**
 * Whether a run looked up so many different images and allows each of them: one that gave up early is no quick one. Null where it
 * did; else what it did instead.
 */
export function whyNotAllAllowed(
  { results, problems }: Report,
  count: number,
): string | null {
  const judged = results.flatMap(({ images }) => images)
  const different = new Set(judged.map(({ image }) => image)).size
  if (problems.length > 0) return `it told of problems: ${JSON.stringify(problems)}`
  if (different !== count) return `it judged ${different} of ${count} images`
  const other = judged.find(({ action, digest }) => action !== 'allow' || digest === null)
  if (other === undefined) return null
  return `of ${other.image} it says ${JSON.stringify(other)}`
}

/** Reads the report of a measured run once its time is taken, and removes it: the next run has to write its own. */
export async function expectAllAllowed(reportFile: string, count: number): Promise<void> {
  const report = JSON.parse(await readFile(reportFile, 'utf8')) as Report
  await rm(reportFile)
  const why = whyNotAllAllowed(report, count)
  if (why !== null) throw new Error(`A run that was measured is none: ${why}.`)
}
