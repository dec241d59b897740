import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from './page.ts'

const SAMPLE_US = 500
const ROWS = 14

/** Where one process spent its time. */
export interface Profile {
  /** Of the main thread, in seconds, and how many of them it worked. */
  seconds: number
  busySeconds: number
  /** Of the time that it worked, by the code that was running itself. */
  shares: Map<string, number>
}

interface CpuProfile {
  nodes: { id: number; callFrame: Frame }[]
  samples: number[]
  timeDeltas: number[]
}

interface Frame {
  functionName: string
  url: string
}

/** Makes the folder, and gives the arguments with which Node writes a profile into it when it ends. */
export async function profileInto(directory: string): Promise<string[]> {
  await mkdir(directory)
  return ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${SAMPLE_US}`]
}

/** The profile that a process has left, without a first share of it (from 0 to 1). */
export async function readProfile(
  directory: string,
  { skipShare = 0 } = {},
): Promise<Profile> {
  const [file = ''] = await readdir(directory)
  const { nodes, samples, timeDeltas } = JSON.parse(
    await readFile(join(directory, file), 'utf8'),
  ) as CpuProfile
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const times = new Map<string, number>()
  let seconds = 0
  for (let at = Math.floor(samples.length * skipShare); at < samples.length; at++) {
    const part = parts.get(samples[at] ?? 0) ?? null
    const took = Math.max(0, timeDeltas[at] ?? 0) / 1e6
    seconds += took
    if (part !== null) times.set(part, (times.get(part) ?? 0) + took)
  }
  const busySeconds = sum([...times.values()])
  const shares = [...times].map(([part, time]): [string, number] => [
    part,
    time / busySeconds,
  ])
  return { seconds, busySeconds, shares: new Map(shares) }
}

/** A table with a column for each profile, the largest parts first. */
export function sayProfiles(
  page: Page,
  profiles: readonly { name: string; profile: Profile }[],
): void {
  const parts = new Set(profiles.flatMap(({ profile }) => [...profile.shares.keys()]))
  const rows = [...parts].map((part) => ({
    part,
    shares: profiles.map(({ profile }) => profile.shares.get(part) ?? 0),
  }))
  const table = page.table(['Part', ...profiles.map(({ name }) => name)])
  for (const { part, shares } of rows
    .toSorted((a, b) => sum(b.shares) - sum(a.shares))
    .slice(0, ROWS))
    table.row(part, ...shares.map((share) => `${(share * 100).toFixed(1)} %`))
  table.end()
}

/** Null for what is no work. */
function partOf({ functionName, url }: Frame): string | null {
  if (functionName === '(idle)') return null
  if (functionName === '(garbage collector)') return 'garbage collection'
  const [, library] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  if (library !== undefined) return LIBRARIES.get(library) ?? library
  const [, folder] = /\/(?:src|dist)\/([^/]+)\//.exec(url) ?? []
  if (folder !== undefined) return `src/${folder}`
  if (/^node:internal\/(?:modules|bootstrap|process\/pre_execution)/.test(url))
    return 'loading of modules'
  if (COMPILERS.has(functionName)) return 'loading of modules'
  if (url.startsWith('node:')) return 'HTTP, TLS, streams and timers of Node'
  if (functionName === 'runMicrotasks') return 'promises'
  return 'system calls, TLS and what else is native'
}

const COMPILERS: ReadonlySet<string> = new Set([
  'compileSourceTextModule',
  'compileFunctionForCJSLoader',
  'compileForInternalLoader',
  'internalModuleStat',
  'link',
  'evaluate',
  'instantiate',
])

const LIBRARIES: ReadonlyMap<string, string> = new Map([
  ['find-my-way', 'fastify'],
  ['light-my-request', 'fastify'],
  ['sonic-boom', 'pino'],
])

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
