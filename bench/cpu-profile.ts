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
  /** Seconds of the time that it worked, by the code that was running itself. */
  parts: Map<string, number>
}

/** A profile of so many equal pieces of work, such as reviews. */
export interface Profiled {
  name: string
  profile: Profile
  pieces: number
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

/** The profile that a process has left, or the last seconds of it: start and compiler are seldom what is looked for. */
export async function readProfile(
  directory: string,
  { lastSeconds = Infinity } = {},
): Promise<Profile> {
  const [file = ''] = await readdir(directory)
  const { nodes, samples, timeDeltas } = JSON.parse(
    await readFile(join(directory, file), 'utf8'),
  ) as CpuProfile
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const times = new Map<string, number>()
  let seconds = 0
  for (let at = samples.length - 1; at >= 0 && seconds < lastSeconds; at--) {
    const part = parts.get(samples[at] ?? 0) ?? null
    const took = Math.max(0, timeDeltas[at] ?? 0) / 1e6
    seconds += took
    if (part !== null) times.set(part, (times.get(part) ?? 0) + took)
  }
  return { seconds, busySeconds: sum([...times.values()]), parts: times }
}

/**
 * A table with a column for each profile, the largest parts first: microseconds of the thread for one piece of work, so that
 * columns compare, and their share of its work.
 */
export function sayProfiles(page: Page, profiles: readonly Profiled[]): void {
  const all = [...new Set(profiles.flatMap(({ profile }) => [...profile.parts.keys()]))]
  const cost = ({ profile, pieces }: Profiled, part: string): number =>
    (profile.parts.get(part) ?? 0) / pieces
  const parts = all.toSorted(
    (a, b) =>
      sum(profiles.map((each) => cost(each, b))) -
      sum(profiles.map((each) => cost(each, a))),
  )
  const table = page.table(['Part', ...profiles.map(({ name }) => name)])
  const row = (what: string, of: readonly string[]): void =>
    table.row(
      what,
      ...profiles.map((each) => cell(sum(of.map((part) => cost(each, part))), each)),
    )
  for (const part of parts.slice(0, ROWS)) row(part, [part])
  if (parts.length > ROWS) row('the rest', parts.slice(ROWS))
  row('together', parts)
  table.end()
}

function cell(seconds: number, profiled: Profiled): string {
  const share = seconds / costOf(profiled)
  return `${(seconds * 1e6).toFixed(0)} µs (${(share * 100).toFixed(1)} %)`
}

/** Seconds that the thread works for one piece. */
export function costOf({ profile, pieces }: Profiled): number {
  return profile.busySeconds / pieces
}

/** Null for what is no work. */
function partOf({ functionName, url }: Frame): string | null {
  if (functionName === '(idle)') return null
  if (functionName === '(garbage collector)') return 'garbage collection'
  const [, library] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  if (library !== undefined) return LIBRARIES.get(library) ?? library
  const [, folder] = /\/(?:src|dist)\/([^/]+)\//.exec(url) ?? []
  if (folder !== undefined) return `src/${folder}`
  if (url.endsWith('/bench/bare-server.ts')) return 'the bare server itself'
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
