/** How a placeholder begins: as in Helm, in Jinja, or in envsubst and shells. */
export type PlaceholderSyntax = '{{' | '{%' | '${'

/** A placeholder of a template that was never filled in. */
export interface FoundPlaceholder {
  offset: number
  syntax: PlaceholderSyntax
}

// Within quotes, or further into a text, {{ is no reason why something cannot be read: alerts of Prometheus hold it.
const IN_BLOCK = /^[ \t]*(?:- +)*(?:(?:[^\s"'#{][^"'{\n]*|"[^"\n]*"): +)?(?=\{\{)/m

const AT_ERROR = /\{\{|\{%|\$\{\w[^{}\s]*\}/y

/**
 * The placeholder that is the reason why a document cannot be read; null where there is none. `errors` are the offsets at which
 * the parser stumbled: it takes the second character of `{{`, `{%` and `${` for what it is in YAML.
 */
export function findPlaceholder(
  text: string,
  errors: readonly number[],
): FoundPlaceholder | null {
  const atErrors = errors.flatMap((offset) => placeholderAt(text, offset) ?? [])
  // What Jinja calls a statement is in no template of Helm, while both have {{.
  const statement = atErrors.find(({ syntax }) => syntax === '{%')
  if (statement !== undefined) return statement
  const inBlock = IN_BLOCK.exec(text)
  if (inBlock !== null) {
    return { offset: inBlock.index + inBlock[0].length, syntax: '{{' }
  }
  return atErrors[0] ?? null
}

function placeholderAt(text: string, error: number): FoundPlaceholder | null {
  for (const offset of [error - 1, error]) {
    AT_ERROR.lastIndex = Math.max(offset, 0)
    const [found] = AT_ERROR.exec(text) ?? []
    if (found === undefined) continue
    const syntax = found.startsWith('$') ? '${' : found === '{%' ? '{%' : '{{'
    return { offset: Math.max(offset, 0), syntax }
  }
  return null
}
