import { headerLines } from './response-headers.ts'

/** A way to authenticate that a registry offers. Parameter names are lower-case. */
export interface Challenge {
  scheme: 'bearer' | 'digest' | 'basic'
  parameters: ReadonlyMap<string, string>
}

const PREFERENCE = ['bearer', 'digest', 'basic'] as const
// No registry sends more than two; a page of them is an attack.
const MAX_CHALLENGES = 16
const MAX_PARAMETERS = 32
const TOKEN_CHARACTER = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/

/**
 * Every known challenge of a 401, best first: Bearer, Digest, Basic. Reads as containerd's auth.ParseAuthHeader does: one
 * challenge a header line (what follows a comma that starts no parameter is ignored), schemes and parameter names in
 * any case, an unterminated or empty value ends the line. Takes linear time on any input.
 */
export function parseChallenges(
  headers: Record<string, string | string[] | undefined>,
): Challenge[] {
  const challenges = headerLines(headers, 'www-authenticate')
    .slice(0, MAX_CHALLENGES)
    .map(parseChallenge)
    .filter((challenge) => challenge !== null)
  return PREFERENCE.flatMap((scheme) =>
    challenges.filter((challenge) => challenge.scheme === scheme),
  )
}

/** The challenge that containerd would answer: the first Bearer, else the first Basic. Digest is not supported; null without any. */
export function usableChallenge(challenges: Challenge[]): Challenge | null {
  return challenges.find(({ scheme }) => scheme !== 'digest') ?? null
}

/** Reads one line, or null when its scheme is none of the three. */
export function parseChallenge(line: string): Challenge | null {
  const name = tokenAt(line, 0)
  const scheme = PREFERENCE.find((known) => known === name.toLowerCase())
  if (scheme === undefined) return null
  return { scheme, parameters: parseParameters(line, name.length) }
}

function parseParameters(line: string, start: number): Map<string, string> {
  const parameters = new Map<string, string>()
  let at = start
  while (parameters.size < MAX_PARAMETERS) {
    const keyStart = skipSpace(line, at)
    const key = tokenAt(line, keyStart)
    const equals = keyStart + key.length
    if (key === '' || line[equals] !== '=') break
    const { value, next } = valueAt(line, equals + 1)
    if (value === '') break
    parameters.set(key.toLowerCase(), value)
    at = skipSpace(line, next)
    if (line[at] !== ',') break
    at++
  }
  return parameters
}

function valueAt(line: string, start: number): { value: string; next: number } {
  if (line[start] === '"') return quotedAt(line, start + 1)
  const value = tokenAt(line, start)
  return { value, next: start + value.length }
}

function quotedAt(line: string, start: number): { value: string; next: number } {
  const parts: string[] = []
  let from = start
  for (let at = start; at < line.length; at++) {
    if (line[at] === '"') {
      parts.push(line.slice(from, at))
      return { value: parts.join(''), next: at + 1 }
    }
    if (line[at] !== '\\') continue
    parts.push(line.slice(from, at))
    at++
    from = at
  }
  return { value: '', next: line.length }
}

function tokenAt(line: string, start: number): string {
  let end = start
  while (end < line.length && TOKEN_CHARACTER.test(line[end] ?? '')) end++
  return line.slice(start, end)
}

function skipSpace(line: string, start: number): number {
  let at = start
  while (line[at] === ' ' || line[at] === '\t') at++
  return at
}
