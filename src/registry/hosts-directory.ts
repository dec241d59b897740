import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../text/error-code.ts'
import { noOptions } from './host-config.ts'
import { parseHostsToml } from './parse-hosts-toml.ts'
import type { HostsFile } from './parse-hosts-toml.ts'
import type { TextFiles } from './text-files.ts'

/** What the tree says of a registry. Problems name a file and what is wrong with it. */
export interface HostsDirectoryEntry {
  file: HostsFile
  problems: string[]
}

const nothing: HostsFile = { mirrors: [], server: { address: null, options: noOptions } }
/** The hosts of the reference grammar, and those with an underscore inside; so no name can leave the tree, and none is `_default` or `..`. */
const REGISTRY = /^(?:[a-zA-Z0-9]+(?:[._-]+[a-zA-Z0-9]+)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/
const MAX_REGISTRY_CHARACTERS = 255

/**
 * Reads what containerd would of a `config_path` tree: the first directory that exists of `<host>_<port>_`, `<host>:<port>` and
 * `_default` (pull-semantics 4.1), its hosts.toml, or where that is absent, empty or broken, the certificate files of Docker's layout
 * beside it. Never rejects.
 */
export async function readHostsDirectory(
  root: string,
  registry: string,
  files: TextFiles,
): Promise<HostsDirectoryEntry> {
  for (const name of directoryNames(registry)) {
    const directory = join(root, name)
    const status = await statusOf(directory)
    if (status === 'present') return readEntry(directory, files)
    if (status !== 'absent')
      return { file: nothing, problems: [`${directory}: cannot be read (${status})`] }
  }
  return { file: nothing, problems: [] }
}

/** In containerd's order. */
export function directoryNames(registry: string): string[] {
  if (registry.length > MAX_REGISTRY_CHARACTERS || !REGISTRY.test(registry))
    return ['_default']
  const colon = registry.lastIndexOf(':')
  const portable = `${registry.slice(0, colon)}_${registry.slice(colon + 1)}_`
  return [...(colon > 0 ? [portable] : []), registry, '_default']
}

async function readEntry(
  directory: string,
  files: TextFiles,
): Promise<HostsDirectoryEntry> {
  const path = join(directory, 'hosts.toml')
  const file = await files.read(path)
  if (file.status === 'unreadable')
    return { file: nothing, problems: [`${path}: ${file.reason}`] }
  if (file.status === 'missing' || file.text === '') return certificatesOf(directory)
  const result = parseHostsToml(file.text, directory)
  if (result.status === 'read') return { file: result.file, problems: [] }
  const fallback = await certificatesOf(directory)
  const problem = `${path}: ignored, as containerd ignores it: ${result.reason}`
  return { ...fallback, problems: [problem, ...fallback.problems] }
}

/** Docker's layout: `*.crt` are authorities, `*.cert` with `*.key` are client certificates. */
async function certificatesOf(directory: string): Promise<HostsDirectoryEntry> {
  let names: string[]
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
  } catch {
    return { file: nothing, problems: [`${directory}: cannot be listed`] }
  }
  const sorted = names.toSorted()
  const caFiles = sorted.filter((name) => name.endsWith('.crt'))
  const clientPairs = sorted
    .filter((name) => name.endsWith('.cert'))
    .map((cert) => {
      const key = cert.replace(/\.cert$/, '.key')
      return {
        cert: join(directory, cert),
        key: join(directory, names.includes(key) ? key : cert),
      }
    })
  const options = {
    ...noOptions,
    caFiles: caFiles.length === 0 ? null : caFiles.map((name) => join(directory, name)),
    clientPairs: clientPairs.length === 0 ? null : clientPairs,
  }
  return { file: { mirrors: [], server: { address: null, options } }, problems: [] }
}

async function statusOf(path: string): Promise<string> {
  try {
    await stat(path)
    return 'present'
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent'
    return code ?? 'unknown error'
  }
}
