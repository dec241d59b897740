import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from '../page.ts'
import type { Served } from '../processes.ts'
import type { MemoryParts } from '../tell-memory.ts'
import type { StartOptions, World } from '../world.ts'

const TELL_MEMORY = fileURLToPath(new URL('../tell-memory.ts', import.meta.url))
/** Smaller spaces have no row. */
const LEAST_MIB = 0.1

/** Of one kind of server, what the memory of one consists of that was loaded so; it ends with it. */
export async function memoryParts(
  world: World,
  start: (options: StartOptions) => Promise<Served>,
  load: (server: Served) => Promise<unknown>,
): Promise<MemoryParts> {
  const file = world.file('memory-parts.json')
  const server = await start({
    nodeArguments: [`--import=${TELL_MEMORY}`],
    env: { TELL_MEMORY: file },
  })
  await load(server)
  await server.finish()
  return JSON.parse(await readFile(file, 'utf8')) as MemoryParts
}

/** A table with a column for each set-up. */
export function sayMemoryParts(
  page: Page,
  setUps: readonly { name: string; parts: MemoryParts }[],
): void {
  const table = page.table(['Part', ...setUps.map(({ name }) => name)])
  const row = (what: string, of: (parts: MemoryParts) => string): void =>
    table.row(what, ...setUps.map(({ parts }) => of(parts)))
  row('files: Node itself and its libraries', ({ mapped }) => mib(mapped.files))
  row('heap of malloc', ({ mapped }) => mib(mapped.malloc))
  row('main stack', ({ mapped }) => mib(mapped.stack))
  row("anonymous, V8's heap included", ({ mapped }) => mib(mapped.anonymous))
  row("V8's heap, taken from the system", ({ heapTotal }) => mib(heapTotal))
  row("V8's heap, used", ({ spaces }) => mib(sum(spaces.map(({ used }) => used))))
  row("V8's heap, resident", ({ spaces }) =>
    mib(sum(spaces.map(({ resident }) => resident))),
  )
  const all = setUps.flatMap(({ parts }) => parts.spaces)
  // Most of V8's spaces are for what no server has.
  const inUse = all.filter(({ resident }) => resident >= LEAST_MIB)
  for (const name of new Set(inUse.map((space) => space.name)))
    row(`of it ${name}`, ({ spaces }) =>
      mib(spaces.find((space) => space.name === name)?.resident ?? 0),
    )
  row("outside of V8's heap, held by objects in it", ({ external }) => mib(external))
  row('of it array buffers', ({ arrayBuffers }) => mib(arrayBuffers))
  table.end()
}

function mib(value: number): string {
  return `${value.toFixed(1)} MiB`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
