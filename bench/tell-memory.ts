import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { getHeapSpaceStatistics } from 'node:v8'

// Given to a server by --import: what its memory consists of at SIGTERM, as JSON in the file that TELL_MEMORY names (Linux).

/** MiB. */
export interface MemoryParts {
  /** Resident, by kind of mapping (man 5 proc, smaps). */
  mapped: { files: number; malloc: number; stack: number; anonymous: number }
  /** Resident, of V8's heap, by its spaces; it is a part of what is anonymous. */
  spaces: { name: string; resident: number; used: number }[]
  /** As `process.memoryUsage` tells: the heap that V8 has taken, and what objects in it hold outside of it. */
  heapTotal: number
  external: number
  arrayBuffers: number
}

const MIB = 2 ** 20

/** A mapping's first line is `from-to permissions offset device inode path`, and others say what it has. */
function mapped(): MemoryParts['mapped'] {
  const parts = { files: 0, malloc: 0, stack: 0, anonymous: 0 }
  let kind: keyof typeof parts = 'anonymous'
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const head = /^[\da-f]+-[\da-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line)
    if (head !== null) kind = kindOf(head[1] ?? '')
    const [, kib] = /^Rss: +(\d+) kB/.exec(line) ?? []
    if (kib !== undefined) parts[kind] += Number(kib) / 1024
  }
  return parts
}

function kindOf(path: string): keyof MemoryParts['mapped'] {
  if (path.startsWith('/')) return 'files'
  if (path === '[heap]') return 'malloc'
  return path === '[stack]' ? 'stack' : 'anonymous'
}

function memoryParts(): MemoryParts {
  // First, since reading takes memory too.
  const { heapTotal, external, arrayBuffers } = process.memoryUsage()
  const spaces = getHeapSpaceStatistics().map((space) => ({
    name: space.space_name,
    resident: space.physical_space_size / MIB,
    used: space.space_used_size / MIB,
  }))
  return {
    mapped: mapped(),
    spaces,
    heapTotal: heapTotal / MIB,
    external: external / MIB,
    arrayBuffers: arrayBuffers / MIB,
  }
}

process.on('SIGTERM', () => {
  writeFileSync(process.env.TELL_MEMORY ?? '', JSON.stringify(memoryParts()))
  process.exit()
})
