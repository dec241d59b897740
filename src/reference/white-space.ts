// The code points of Go's unicode.IsSpace, by which the API server trims. JavaScript's trim() has U+FEFF instead of U+0085.
const WHITE_SPACE =
  /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

// Controls, soft hyphen, zero-width and bidirectional characters: what comes along when a name is copied from a web page.
const INVISIBLE =
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/**
 * Go's strings.TrimSpace. The API server refuses Pods whose image differs from its trimmed self and lets templates pass
 * (pull-semantics 1.1: the whitespace rule is not applied to templates).
 */
export function trimSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpaceAt(text, start)) start += 1
  while (end > start && isSpaceAt(text, end - 1)) end -= 1
  return text.slice(start, end)
}

/** Whether nothing but white space is there. */
export function isBlank(text: string): boolean {
  return trimSpace(text) === ''
}

/** Whether white space stands before or behind the text. */
export function hasOuterSpace(text: string): boolean {
  return trimSpace(text).length !== text.length
}

/** Whether white space stands anywhere in the text. */
export function hasSpace(text: string): boolean {
  return WHITE_SPACE.test(text)
}

/** Whether a character stands in the text that nobody sees and that is not white space. */
export function hasInvisible(text: string): boolean {
  return text.search(INVISIBLE) !== -1
}

/** The text without the characters that nobody sees. */
export function dropInvisible(text: string): string {
  return text.replace(INVISIBLE, '')
}

function isSpaceAt(text: string, index: number): boolean {
  return WHITE_SPACE.test(text.charAt(index))
}
