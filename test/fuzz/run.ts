import { parseArgs } from 'node:util'
import { findCrash } from './find-crash.ts'
import { targets } from './targets.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    target: { type: 'string' },
  },
})
const chosen = targets.filter(({ name }) => name === (values.target ?? name))
if (chosen.length === 0)
  throw new Error(`targets are ${targets.map(({ name }) => name).join(', ')}`)
const endMs = Date.now() + Number(values.minutes) * 60_000
const crashes = new Map<string, string>()
let seed = Number(values.seed)
let inputs = 0
console.log(`seed ${seed}, targets ${chosen.map(({ name }) => name).join(', ')}`)
for (; Date.now() < endMs; seed++) {
  for (const target of chosen) {
    inputs++
    const startedMs = Date.now()
    const crash = await findCrash(target, seed)
    const tookMs = Date.now() - startedMs
    if (tookMs > 1_000) console.log(`slow: ${target.name} seed ${seed}, ${tookMs} ms`)
    if (crash === null) continue
    const error =
      crash.error instanceof Error ? (crash.error.stack ?? '') : String(crash.error)
    const where = `${target.name} ${error.split('\n').slice(0, 2).join(' ')}`
    if (crashes.has(where)) continue
    crashes.set(where, crash.input)
    console.log(
      `crash: ${target.name} seed ${seed}\n${error}\n${JSON.stringify(crash.input.slice(0, 4_000))}`,
    )
  }
}
console.log(`${inputs} inputs, ${crashes.size} different crashes`)
process.exitCode = crashes.size > 0 ? 1 : 0
