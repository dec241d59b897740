import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findProgram, whyMissing } from '../support/missing-parts.ts'
import type { Judge } from './judge.ts'

/** What this machine has. `notes` are one line each, for what is missing or what takes long. */
export interface Judges {
  judges: Judge[]
  missing: string[]
  notes: string[]
}

/**
 * The first judge is the distribution's containerd, the second the newest containerd 2 that go.mod names, built once where Go is
 * at hand: the module is a tool of go.mod in this folder, and the program lies in the cache, outside of the tree.
 */
export async function findJudges(log: (line: string) => void): Promise<Judges> {
  const found: Judges = { judges: [], missing: [], notes: [] }
  const registry = whyMissing('docker-registry')
  if (registry !== null) found.missing.push(registry)
  if (process.getuid?.() !== 0)
    found.missing.push('needs root: containerd unpacks images')
  const containerd = findProgram('containerd')
  if (containerd === null)
    found.missing.push('needs containerd: apt-get install containerd')
  else found.judges.push({ program: containerd, version: versionOf(containerd) })
  if (found.missing.length > 0) return found
  const second = await buildNewest(log)
  if ('program' in second) found.judges.push(second)
  else found.notes.push(second.missing)
  return found
}

/** `containerd github.com/containerd/containerd 1.6.20~ds1 ...` -> `1.6.20`. */
function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  const version = /\b(\d+\.\d+\.\d+)/.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`${program} does not tell its version`)
  return version
}

const PACKAGE = 'github.com/containerd/containerd/v2'

/** Leaves out what needs C libraries or has to do with snapshots that are not used here. */
const TAGS = 'no_btrfs no_zfs no_aufs no_devmapper netgo osusergo'

async function buildNewest(
  log: (line: string) => void,
): Promise<Judge | { missing: string }> {
  const goMod = readFileSync(join(import.meta.dirname, 'go.mod'), 'utf8')
  const version = new RegExp(`${PACKAGE} v(\\S+)`).exec(goMod)?.[1] ?? ''
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const folder = join(cache, 'pullgate', 'bin')
  const program = join(folder, `containerd-${version}`)
  if (existsSync(program)) return { program, version }
  const go = findProgram('go') ?? '/usr/local/go/bin/go'
  if (!existsSync(go))
    return { missing: `no Go: containerd ${version}, the second judge, stays away` }
  log(`builds containerd ${version}, which takes some minutes the first time`)
  await mkdir(folder, { recursive: true })
  // Renamed at the end: an interrupted build leaves nothing that looks like a judge.
  const made = `${program}.${process.pid}`
  const { status, stderr } = spawnSync(
    go,
    ['build', '-trimpath', '-tags', TAGS, '-o', made, `${PACKAGE}/cmd/containerd`],
    {
      cwd: import.meta.dirname,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
      encoding: 'utf8',
    },
  )
  if (status !== 0) {
    const lastLine = stderr.trim().split('\n').at(-1) ?? ''
    return { missing: `containerd ${version} cannot be built: ${lastLine}` }
  }
  await rename(made, program)
  return { program, version }
}
