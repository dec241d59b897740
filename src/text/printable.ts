const MARK = '…'

// Controls, invisible and bidirectional format characters, line and paragraph separators: all that is neither ink nor a space.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** What most names and messages are: nothing to clean, nothing to trim. */
const PLAIN = /^(?! )[ -~]*(?<! )$/

/**
 * One line that is safe to show on a terminal and in an API response: runs of control, bidirectional and zero-width
 * characters become one space, lone surrogates become U+FFFD, and the rest is cut to `maxLength` UTF-16 units with an ellipsis.
 */
export function printable(text: string, maxLength = 500): string {
  if (maxLength < MARK.length) return ''
  if (text.length <= maxLength && PLAIN.test(text)) return text
  const trimmed = text.trim()
  // Enough to fill the line after runs have shrunk; a megabyte of hostile text is not worth more work.
  const head = trimmed.slice(0, maxLength * 2)
  const line = head.toWellFormed().replace(UNPRINTABLE, ' ').trim()
  if (line.length <= maxLength && head.length === trimmed.length) return line
  const cut = line.slice(0, maxLength - MARK.length)
  return (/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut).trimEnd() + MARK
}
