import { displayWidth } from '../../text/display-width.ts'

/** Words narrower than this are never worth a column of their own. */
const MIN_WIDTH = 30

/** A text after `indent`, broken between words so that no line is wider than `columns`; words are never cut. null: one line. */
export function wrap(text: string, indent: string, columns: number | null): string[] {
  if (columns === null) return [indent + text]
  const width = Math.max(columns - indent.length, MIN_WIDTH)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(indent + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, indent + line]
}
