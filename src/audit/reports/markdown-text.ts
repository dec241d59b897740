/**
 * A code span that stands in a cell of a table: it ends where the text does, since its fence is longer than any in the text, and
 * a bar does not end the cell. Forges take nothing in code for a link or a name.
 */
export function code(text: string): string {
  const runs = text.match(/`+/g) ?? []
  const fence = '`'.repeat(Math.max(0, ...runs.map((run) => run.length)) + 1)
  // One blank on each side is not part of the code (CommonMark 6.1), and keeps a backtick from joining the fence.
  const blank = runs.length > 0 || /^ .*[^ ].* $/.test(text) ? ' ' : ''
  return `${fence}${blank}${text.replaceAll('|', String.raw`\|`)}${blank}${fence}`
}

/** What is no ink and has no width: it keeps forges from calling whoever is named, without a trace for a reader. */
const APART = '&#8203;'

/**
 * Text of which nothing is markup: no links, mentions, HTML, cells or lines. A forge looks for names once the markup is gone, so
 * that escaping does not keep `@all` and `#1` from them; the `@` before a digest is left, for who copies a reference.
 */
export function escapeText(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_{}[\]()#+!|~$]|:(?=\/\/)|(?<=www)\./gi, String.raw`\$&`)
    .replaceAll(/(?<!\w)@|@(?!sha\d+:)|#(?=\d)/g, `$&${APART}`)
}
