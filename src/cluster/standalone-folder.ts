import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

import { readDocuments } from '../yaml/read-documents.ts'
import { readKubernetesObjects, type KubernetesObject } from './kubernetes-object.ts'
import {
  whyUnread,
  listManifestFiles,
  MAX_FILE_BYTES,
  type ManifestFile,
} from './manifest-files.ts'
import { createObjectStore, type ObjectStore } from './object-store.ts'

/** Bytes of all files together; those beyond are not read. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024

export interface FolderProblem {
  file: string
  /** From 1; null when the problem has no place in the text. */
  line: number | null
  /** Never quotes the file. */
  message: string
}

export interface StandaloneFolderOptions {
  directory: string
  /** Told once for each broken state of a file, not on every poll. */
  onProblem(problem: FolderProblem): void
  /** How often the files are looked at. */
  intervalMs: number
  /** Ends the polling. */
  signal: AbortSignal
}

export interface StandaloneFolder {
  /** Always the objects of the last reading; swapped as a whole. */
  store: ObjectStore
  /**
   * Looks at the files now, and resolves when what changed has been read. Whoever asks before it has begun shares it. Never
   * rejects.
   */
  reread(): Promise<void>
}

interface ReadFile {
  stamp: string
  objects: KubernetesObject[]
}

/**
 * The manifests of `--standalone DIR`, re-read when a file changes, appears or disappears. A file that no longer parses is
 * reported and its old content stays; so does everything when the directory itself cannot be read any more.
 * Rejects when the directory cannot be read at the start.
 */
export async function openStandaloneFolder(
  options: StandaloneFolderOptions,
): Promise<StandaloneFolder> {
  const { directory, intervalMs, signal } = options
  let files = new Map<string, ReadFile>()
  let current = createObjectStore([])
  const report = reportOnce((problem) => options.onProblem(problem))

  async function read(): Promise<void> {
    const changed = await readFolder(directory, files, report)
    if (changed === null) return
    files = changed
    current = createObjectStore([...changed.values()].flatMap(({ objects }) => objects))
  }

  let reading: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null
  function reread(): Promise<void> {
    next ??= reading = reading
      .then(() => {
        next = null
        return read()
      })
      .catch((error: unknown) => {
        const message = whyUnread(error)
        report.tell({ file: directory, line: null, message }, 'directory')
      })
    return next
  }

  async function poll(): Promise<void> {
    while (!signal.aborted) {
      await wait(intervalMs, undefined, { ref: false })
      if (!signal.aborted) await reread()
    }
  }

  await read()
  void poll()
  return {
    store: {
      get: (kind, namespace, name) => current.get(kind, namespace, name),
      list: (kind) => current.list(kind),
    },
    reread,
  }
}

interface Reporter {
  /** `state` is what the problem belongs to: the same problem of the same state is told once. */
  tell(problem: FolderProblem, state: string): void
  /** Forgets what concerns other files. */
  keep(files: ReadonlySet<string>): void
}

function reportOnce(onProblem: (problem: FolderProblem) => void): Reporter {
  const told = new Map<string, string>()
  return {
    tell(problem, state) {
      const key = `${state} ${problem.message}`
      if (told.get(problem.file) === key) return
      told.set(problem.file, key)
      onProblem(problem)
    },
    keep(files) {
      for (const file of told.keys()) if (!files.has(file)) told.delete(file)
    },
  }
}

/** Null when nothing has changed. Rejects when the directory cannot be read. */
async function readFolder(
  directory: string,
  before: ReadonlyMap<string, ReadFile>,
  report: Reporter,
): Promise<Map<string, ReadFile> | null> {
  const { files, problems } = await listManifestFiles(directory)
  for (const { file, message } of problems) {
    report.tell({ file, line: null, message }, 'listing')
  }
  report.keep(
    new Set([...files.map(({ path }) => path), ...problems.map(({ file }) => file)]),
  )
  const after = new Map<string, ReadFile>()
  let changed = files.length !== before.size
  let bytes = 0
  for (const file of files) {
    const old = before.get(file.path)
    bytes += file.bytes
    const isTooMuch = file.bytes > MAX_FILE_BYTES || bytes > MAX_TOTAL_BYTES
    if (isTooMuch)
      report.tell({ file: file.path, line: null, message: 'too large' }, file.stamp)
    if (old?.stamp === file.stamp) {
      after.set(file.path, old)
      continue
    }
    changed = true
    const objects = isTooMuch ? null : await readObjects(file, report)
    after.set(file.path, { stamp: file.stamp, objects: objects ?? old?.objects ?? [] })
  }
  return changed ? after : null
}

/** Null for a file that cannot be used, which is reported. */
async function readObjects(
  file: ManifestFile,
  report: Reporter,
): Promise<KubernetesObject[] | null> {
  const bytes = await readFile(file.path).catch((error: unknown) => {
    report.tell({ file: file.path, line: null, message: whyUnread(error) }, file.stamp)
    return null
  })
  if (bytes === null) return null
  const { documents, errors } = readDocuments(bytes, { maxBytes: MAX_FILE_BYTES })
  const [error] = errors
  if (error !== undefined) {
    const { line, message } = error
    report.tell({ file: file.path, line, message }, file.stamp)
    return null
  }
  return documents.flatMap(({ value }) => readKubernetesObjects(value))
}
