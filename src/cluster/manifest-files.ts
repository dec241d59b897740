import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCode } from '../text/error-code.ts'
import { systemTrouble } from '../text/system-trouble.ts'

/** What tells that a file has changed, without reading it. */
export interface ManifestFile {
  path: string
  bytes: number
  /** Differs whenever the file was written or replaced. */
  stamp: string
}

export interface ManifestFiles {
  /** In the order of their names. */
  files: ManifestFile[]
  /** Sentences about what was left out. */
  problems: { file: string; message: string }[]
}

export const MAX_FILES = 2000
export const MAX_FILE_BYTES = 8 * 1024 * 1024
const MAX_DEPTH = 8

const MANIFEST = /\.(ya?ml|json)$/i

/**
 * Every *.yaml, *.yml and *.json below a directory. Symbolic links are followed, as a mounted ConfigMap consists of them, and
 * names with a leading dot are passed over, among them its `..data`. Rejects when the directory itself cannot be read.
 */
export async function listManifestFiles(directory: string): Promise<ManifestFiles> {
  const found: ManifestFiles = { files: [], problems: [] }
  await walk(directory, 0, found)
  return found
}

async function walk(
  directory: string,
  depth: number,
  found: ManifestFiles,
): Promise<void> {
  const names = await readdir(directory)
  for (const name of names.toSorted()) {
    if (name.startsWith('.')) continue
    if (found.files.length >= MAX_FILES) return
    await visit(join(directory, name), depth, found)
  }
}

async function visit(path: string, depth: number, found: ManifestFiles): Promise<void> {
  const entry = await statOrNull(path)
  // Gone since the directory was read, or a link to nowhere.
  if (entry === null) return
  if (entry.isDirectory()) {
    if (depth === MAX_DEPTH) {
      found.problems.push({ file: path, message: `deeper than ${MAX_DEPTH} folders` })
      return
    }
    await walk(path, depth + 1, found).catch((error: unknown) => {
      found.problems.push({ file: path, message: whyUnread(error) })
    })
    return
  }
  if (!entry.isFile() || !MANIFEST.test(path)) return
  const stamp = `${entry.ino}:${entry.mtimeMs}:${entry.ctimeMs}:${entry.size}`
  found.files.push({ path, bytes: entry.size, stamp })
  if (found.files.length === MAX_FILES) {
    const message = `no file after this one is read: the limit is ${MAX_FILES}`
    found.problems.push({ file: path, message })
  }
}

async function statOrNull(path: string) {
  return stat(path).catch(() => null)
}

/** Why a file or folder cannot be read, in a few words. */
export function whyUnread(error: unknown): string {
  return errorCode(error) === null ? 'cannot be read' : systemTrouble(error)
}
