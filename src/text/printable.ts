const MARK = '…'

// C0 and C1 controls, line and paragraph separators, bidirectional overrides and isolates, zero-width characters, byte order mark.
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gu

/**
 * One line that is safe to show on a terminal and in an API response: runs of control, bidirectional and zero-width
 * characters become one space, lone surrogates become U+FFFD, and the rest is cut to `maxLength` UTF-16 units with an ellipsis.
 */
export function printable(text: string, maxLength = 500): string {
  const line = text
    .slice(0, maxLength * 2)
    .toWellFormed()
    .replace(UNPRINTABLE, ' ')
    .trim()
  if (line.length <= maxLength) return line
  return line.slice(0, maxLength - MARK.length).toWellFormed() + MARK
}
