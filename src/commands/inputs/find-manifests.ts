import { glob, readdir, stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { join, resolve } from 'node:path'
import { errorCode } from '../../text/error-code.ts'

/** A file to read, as the user would name it. */
export interface FoundFile {
  shown: string
  path: string
  /** 0 for what is no regular file. */
  bytes: number
  isRegular: boolean
  /** The name is of this very file, and not of a folder or a pattern. */
  isNamed?: boolean
}

export type FoundEntry = FoundFile | { problem: string }

const MANIFEST_NAME = /\.(?:ya?ml|json)$/i
const GLOB = /[*?[{]/
const MAX_DEPTH = 40
const NODE_MODULES = 'node_modules'
const NO_MANIFEST = 'no .yaml, .yml or .json'

/**
 * The files behind a name: the file itself whatever it is called, every *.yaml, *.yml and *.json below a folder, or what a glob
 * matches. In the order of the names. Links to files are followed, links to folders below a folder are not, and names with a leading
 * dot and node_modules are passed over. What cannot be read is a problem and hides nothing else.
 */
export async function* findManifests(
  name: string,
  cwd: string,
): AsyncGenerator<FoundEntry> {
  const path = resolve(cwd, name)
  const found = await stat(path).catch((error: unknown) => reasonOf(error))
  if (typeof found !== 'string') {
    if (found.isDirectory()) yield* folder(name, path)
    else yield { ...fileOf(name, path, found), isNamed: true }
    return
  }
  if (!GLOB.test(name)) yield { problem: `cannot read ${name}: ${found}` }
  else yield* matching(name, cwd)
}

/** A folder that matches is read as one that is named, and what `a/**` matches below it is found there already. */
async function* matching(pattern: string, cwd: string): AsyncGenerator<FoundEntry> {
  const matches: string[] = []
  for await (const match of glob(pattern, { cwd })) {
    if (isMeant(match, pattern)) matches.push(match)
  }
  let insideRead: string | null = null
  let isEmpty = true
  for (const match of matches.toSorted(comparePaths)) {
    if (insideRead !== null && match.startsWith(insideRead)) continue
    const path = resolve(cwd, match)
    const found = await stat(path).catch((error: unknown) => reasonOf(error))
    if (typeof found !== 'string' && found.isDirectory()) {
      insideRead = match === '.' ? '' : `${match}/`
    }
    for await (const entry of entriesOf(match, path, found)) {
      isEmpty = false
      yield entry
    }
  }
  if (matches.length === 0) yield { problem: await whyNothingMatches(pattern, cwd) }
  else if (isEmpty) yield { problem: `nothing to read in ${pattern}: ${NO_MANIFEST}` }
}

async function* entriesOf(
  shown: string,
  path: string,
  found: Stats | string,
): AsyncGenerator<FoundEntry> {
  if (typeof found === 'string') yield { problem: `cannot read ${shown}: ${found}` }
  else if (found.isDirectory()) yield* walk(shown, path, 0)
  else yield fileOf(shown, path, found)
}

/** Wildcards match no leading dot, but they do match node_modules, which has to be named for each time that it is entered. */
function isMeant(match: string, pattern: string): boolean {
  return timesInModules(match.split('/')) <= timesInModules(pattern.split(/[/{},]/))
}

function timesInModules(names: readonly string[]): number {
  return names.filter((name) => name === NODE_MODULES).length
}

/** A pattern finds nothing in a folder that is locked, and does not tell. */
async function whyNothingMatches(pattern: string, cwd: string): Promise<string> {
  const steps = pattern.split('/')
  const fixed = steps.slice(
    0,
    steps.findIndex((step) => GLOB.test(step)),
  )
  const fixedPart = fixed.join('/') || (pattern.startsWith('/') ? '/' : '.')
  return readdir(resolve(cwd, fixedPart)).then(
    () => `nothing matches ${pattern}`,
    (error: unknown) =>
      `nothing matches ${pattern}: cannot read ${fixedPart}: ${reasonOf(error)}`,
  )
}

/** Whether something of this name can be opened, or it is a glob that may match something. */
export async function isOnDisk(name: string, cwd: string): Promise<boolean> {
  return stat(resolve(cwd, name)).then(
    () => true,
    () => false,
  )
}

/** Somebody who names a folder without a manifest has mistaken it for another. */
async function* folder(shown: string, path: string): AsyncGenerator<FoundEntry> {
  let isEmpty = true
  for await (const entry of walk(shown, path, 0)) {
    isEmpty = false
    yield entry
  }
  if (isEmpty) yield { problem: `nothing to read in ${shown}: ${NO_MANIFEST}` }
}

async function* walk(
  shown: string,
  path: string,
  depth: number,
): AsyncGenerator<FoundEntry> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) =>
    reasonOf(error),
  )
  if (typeof entries === 'string') {
    yield { problem: `cannot read ${shown}: ${entries}` }
    return
  }
  for (const entry of entries.toSorted((a, b) => compare(a.name, b.name))) {
    if (isPassedOver(entry.name)) continue
    const below = { shown: join(shown, entry.name), path: join(path, entry.name) }
    if (entry.isDirectory()) {
      if (depth < MAX_DEPTH) yield* walk(below.shown, below.path, depth + 1)
      else
        yield { problem: `cannot read ${below.shown}: deeper than ${MAX_DEPTH} folders` }
    } else if (MANIFEST_NAME.test(entry.name)) {
      const file = await stat(below.path).catch((error: unknown) => reasonOf(error))
      if (typeof file === 'string')
        yield { problem: `cannot read ${below.shown}: ${file}` }
      else if (file.isFile()) yield fileOf(below.shown, below.path, file)
    }
  }
}

function isPassedOver(name: string): boolean {
  return name.startsWith('.') || name === NODE_MODULES
}

function fileOf(shown: string, path: string, found: Stats): FoundFile {
  return { shown, path, bytes: found.size, isRegular: found.isFile() }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'this is a folder',
  ELOOP: 'a symbolic link leads to itself',
  ENXIO: 'nobody is at the other end of it',
}

/** Why a file cannot be read, in words. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error)
  return code === null ? String(error) : (REASONS[code] ?? code)
}

/** By code unit, so that the order does not depend on the machine's language. */
function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** As folders are read: `.` before all in it, and `a/b.yaml` before `a.yaml`. */
function comparePaths(a: string, b: string): number {
  return compare(orderOf(a), orderOf(b))
}

function orderOf(path: string): string {
  return path === '.' ? '' : path.replaceAll('/', '\0')
}
