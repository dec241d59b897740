/**
 * Texts as one paragraph: one that ends without a mark, such as a list of tags, gets a full stop where another follows. Empty ones
 * are left out.
 */
export function paragraphOf(texts: readonly string[]): string {
  const said = texts.filter((text) => text !== '')
  return said
    .map((text, index) =>
      index < said.length - 1 && /[\p{L}\p{N}"')]$/u.test(text) ? `${text}.` : text,
    )
    .join(' ')
}
