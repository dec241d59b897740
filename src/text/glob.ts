const STAR = 42
const QUESTION_MARK = 63

/**
 * Whether the whole of `text` matches `pattern`: `*` stands for any run of characters, slashes and colons included, `?` for
 * one UTF-16 unit, everything else for itself, case and all. There is no escape and no character class.
 *
 * Never a regular expression: operators write the patterns and tenants the texts. On a mismatch only the last `*` takes one
 * more character (an earlier one need not, since the last can stand for whatever it would have taken), so the work is at
 * most the product of both lengths, and linear unless the text repeats a piece of the pattern.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let inPattern = 0
  let inText = 0
  let lastStar = -1
  let starEnd = 0
  while (inText < text.length) {
    const wanted = inPattern < pattern.length ? pattern.charCodeAt(inPattern) : -1
    if (wanted === STAR) {
      lastStar = inPattern++
      starEnd = inText
    } else if (wanted === QUESTION_MARK || wanted === text.charCodeAt(inText)) {
      inPattern++
      inText++
    } else if (lastStar >= 0) {
      inPattern = lastStar + 1
      inText = ++starEnd
    } else return false
  }
  while (pattern.charCodeAt(inPattern) === STAR) inPattern++
  return inPattern === pattern.length
}

/** The first pattern that matches the whole of one of the texts; null when none does. */
export function firstMatchingGlob(
  patterns: readonly string[],
  ...texts: readonly string[]
): string | null {
  return (
    patterns.find((pattern) => texts.some((text) => matchesGlob(pattern, text))) ?? null
  )
}
