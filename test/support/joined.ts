/** A report as one text. */
export function joined(pieces: Iterable<string>): string {
  return [...pieces].join('')
}
