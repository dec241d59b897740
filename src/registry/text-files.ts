import { readFile, stat } from 'node:fs/promises'
import { createBoundedCache } from '../cache/bounded-cache.ts'
import { errorCode } from '../text/error-code.ts'

export type TextFile =
  | { status: 'read'; text: string }
  | { status: 'missing' }
  /** `reason` is a sentence's end without the path, such as "cannot be read (EACCES)". */
  | { status: 'unreadable'; reason: string }

export interface TextFiles {
  /** Follows links, as the volumes that the kubelet mounts need. Never rejects. */
  read(path: string): Promise<TextFile>
}

const MAX_FILES = 512
/** A ConfigMap or Secret holds 1 MiB; the largest CA bundles are a quarter of it. */
const MAX_FILE_BYTES = 4_194_304
const MAX_KNOWN_BYTES = 33_554_432

interface Known {
  version: string
  text: string
}

/** Reads a file again only when its inode, size or times have changed. */
export function createTextFiles(): TextFiles {
  const known = createBoundedCache<Known>({
    maxEntries: MAX_FILES,
    maxBytes: MAX_KNOWN_BYTES,
    sizeOf: ({ text }) => text.length,
  })
  return {
    async read(path) {
      try {
        const { ino, size, mtimeMs, ctimeMs } = await stat(path)
        if (size > MAX_FILE_BYTES)
          return {
            status: 'unreadable',
            reason: `is larger than ${MAX_FILE_BYTES} bytes`,
          }
        const version = [ino, size, mtimeMs, ctimeMs].join(' ')
        const last = known.get(path)
        if (last?.version === version) return { status: 'read', text: last.text }
        const text = await readFile(path, 'utf8')
        known.set(path, { version, text })
        return { status: 'read', text }
      } catch (error) {
        const code = errorCode(error)
        if (code === 'ENOENT' || code === 'ENOTDIR') return { status: 'missing' }
        return {
          status: 'unreadable',
          reason: `cannot be read (${code ?? 'unknown error'})`,
        }
      }
    },
  }
}
