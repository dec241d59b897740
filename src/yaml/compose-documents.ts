import { Composer, Lexer, Parser } from 'yaml'
import type { Document, LineCounter } from 'yaml'

/** Nesting beyond this is refused: composing and everything after it walks values recursively. Real objects stay below 100. */
export const MAX_DEPTH = 500

/** The text nests deeper than MAX_DEPTH. */
export class NestingTooDeep extends Error {
  readonly offset: number

  constructor(offset: number) {
    super(`nested deeper than ${MAX_DEPTH} levels`)
    this.offset = offset
  }
}

/**
 * The documents of a text, one by one. YAML 1.2 core schema whatever a %YAML directive says: `yes`, `no`, `on` and `off` stay strings,
 * so `mode: off` means off and no image or annotation turns into a boolean. kubectl reads YAML 1.1 there and the API server
 * then refuses the boolean, so nothing that it would take is read differently where a string is wanted.
 * Throws NestingTooDeep.
 */
export function* composeDocuments(
  text: string,
  lineCounter: LineCounter,
): Generator<Document.Parsed> {
  const composer = new Composer({
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    // The library compares each key with all before it; toPlainValue finds duplicates in linear time.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const parser = new Parser(lineCounter.addNewLine)
  lineCounter.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) yield* composer.next(token)
    if (parser.stack.length > MAX_DEPTH) throw new NestingTooDeep(parser.offset)
  }
  for (const token of parser.end()) yield* composer.next(token)
  yield* composer.end(false, text.length)
}
