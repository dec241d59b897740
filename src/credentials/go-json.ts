/** A JSON document that was found to be valid, still as text: Go decodes object members in order, duplicates included. */
export interface JsonText {
  text: string
}

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'bool' | 'null'

export type JsonCheck =
  | { status: 'valid'; json: JsonText }
  /** `reason` never quotes the input, unlike what JSON.parse says. */
  | { status: 'invalid'; reason: string }

/** Checks the syntax of a whole document, as Go's json.Unmarshal does before it decodes anything. */
export function checkJson(text: string): JsonCheck {
  try {
    JSON.parse(text)
    return { status: 'valid', json: { text: text.trim() } }
  } catch (error) {
    return { status: 'invalid', reason: syntaxReason(text, error) }
  }
}

/** The type of a value, by Go's names in `json: cannot unmarshal number into ...`. */
export function jsonKind(json: JsonText): JsonKind {
  switch (json.text[0]) {
    case '{':
      return 'object'
    case '[':
      return 'array'
    case '"':
      return 'string'
    case 't':
    case 'f':
      return 'bool'
    case 'n':
      return 'null'
    default:
      return 'number'
  }
}

/** The members of an object in the order of the document, with every duplicate. `JSON.parse` would keep only the last. */
export function jsonMembers(json: JsonText): [name: string, value: JsonText][] {
  const { text } = json
  const members: [string, JsonText][] = []
  let at = skipSpace(text, 1)
  while (text[at] === '"') {
    const nameEnd = skipString(text, at)
    const name = jsonString({ text: text.slice(at, nameEnd) })
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1)
    const valueEnd = skipValue(text, valueStart)
    members.push([name, { text: text.slice(valueStart, valueEnd) }])
    at = skipSpace(text, valueEnd)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

/** The value of a string. Half surrogate pairs become U+FFFD, as in Go. */
export function jsonString(json: JsonText): string {
  const value: unknown = JSON.parse(json.text)
  return typeof value === 'string' ? value.toWellFormed() : ''
}

/** Whether Go takes `name` for the struct field `field`: without regard to case, in Unicode's simple folding. */
export function isFieldName(name: string, field: string): boolean {
  return foldName(name) === foldName(field)
}

/** Of all characters outside ASCII, only the long s and the Kelvin sign fold to ASCII letters. */
function foldName(name: string): string {
  return name
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function syntaxReason(text: string, error: unknown): string {
  const message = error instanceof SyntaxError ? error.message : ''
  if (text.trim() === '' || /^Unexpected end|^Unterminated string/.test(message))
    return 'unexpected end of JSON input'
  const position = / at position (\d+)/.exec(message)?.[1]
  return position === undefined
    ? 'invalid character in JSON input'
    : `invalid character in JSON input at position ${position}`
}

function skipValue(text: string, start: number): number {
  let depth = 0
  let at = start
  do {
    const character = text[at]
    if (character === '"') at = skipString(text, at)
    else if (character === '{' || character === '[') {
      depth++
      at++
    } else if (character === '}' || character === ']') {
      depth--
      at++
    } else at = skipPlain(text, at)
  } while (depth > 0)
  return at
}

/** Past a number or a literal, or past what stands between the values of a container. */
function skipPlain(text: string, start: number): number {
  const token = /[^",:{}[\]\s]+|[\s,:]+/y
  token.lastIndex = start
  return token.test(text) ? token.lastIndex : start + 1
}

function skipString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"' && at < text.length) at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t')
    at++
  return at
}
