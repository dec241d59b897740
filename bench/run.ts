import { writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { startDelayedRegistry } from './delayed-registry.ts'
import { createPage } from './page.ts'
import type { Page } from './page.ts'
import { imageNodeMajor } from './processes.ts'
import { audit } from './sections/audit.ts'
import { cold } from './sections/cold.ts'
import { growth } from './sections/growth.ts'
import { latency } from './sections/latency.ts'
import { memory } from './sections/memory.ts'
import { profile } from './sections/profile.ts'
import { throughput } from './sections/throughput.ts'
import { createWorld } from './world.ts'

const help = `Measures everything side by side in one run on loopback, prints it, and writes docs/performance.md.

Usage: npm run bench -- [OPTIONS]

  --only SECTIONS      some of warm, cold, audit, growth, memory and profile, with commas between; the page is
                       printed and not written
  --soak SECONDS       how long the soak of the memory section lasts, for each of its two set-ups (default 600)
`

const SECTIONS = ['warm', 'cold', 'audit', 'growth', 'memory', 'profile'] as const

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    soak: { type: 'string', default: '600' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const chosen = values.only?.split(',') ?? SECTIONS
const soakSeconds = Number(values.soak)
const unknown = chosen.find((each) => !SECTIONS.some((section) => section === each))
if (values.help) console.log(help)
else if (unknown !== undefined || !(soakSeconds > 0)) {
  console.error(`bench: --only takes ${SECTIONS.join(', ')}; --soak takes seconds`)
  process.exitCode = 2
} else await run()

async function run(): Promise<void> {
  const page = createPage((line) => console.log(line))
  const world = await createWorld()
  try {
    introduce(page)
    const registry = await startDelayedRegistry(0)
    world.teardown(() => registry.close())
    const quick = { host: 'quick.acme.test', endpoint: registry.url }
    const missed: string[] = []
    const note = (name: string, isMissed: boolean): void => {
      if (isMissed) missed.push(name)
    }
    if (chosen.includes('warm')) {
      const warm = await throughput(page, world, quick)
      note('a', warm.isMissed)
      note('b', await latency(page, world, warm))
      warm.webhook.stop()
      warm.bare.stop()
    }
    if (chosen.includes('cold')) {
      const { time, requests } = await cold(page, world)
      note('c', time)
      note('d', requests)
    }
    if (chosen.includes('audit')) note('e', await audit(page, world))
    if (chosen.includes('growth')) await growth(page, world, quick)
    if (chosen.includes('profile')) await profile(page, world, quick)
    if (chosen.includes('memory'))
      note('f', await memory(page, world, { quick, soakSeconds }))
    page.say(
      missed.length === 0
        ? 'All goals are met.'
        : `Goals that are missed in this run: ${missed.join(', ')}.`,
    )
    if (values.only === undefined) await write(page)
  } finally {
    await world.end()
  }
}

/** As the check of every document wants it. */
async function write(page: Page): Promise<void> {
  const file = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
  const options = { ...(await resolveConfig(file)), filepath: file }
  await writeFile(file, await format(page.text(), options))
}

function introduce(page: Page): void {
  page.say('# Performance')
  page.say()
  page.say(
    'Written by `npm run bench`, which runs all of it side by side on loopback. Figures are medians of several runs, and ratios say more than absolute numbers.',
  )
  page.say()
  page.say(
    `Node ${process.version}${otherNode()}, ${availableParallelism()} cores; the load average of the machine was ${loadavg()[0]?.toFixed(1)} when it began. On a busy machine only requests and memory mean much.`,
  )
  page.say()
}

/** What is measured here is another program than what is shipped, where the two differ. */
function otherNode(): string {
  const [major] = process.versions.node.split('.')
  if (imageNodeMajor === null || imageNodeMajor === major) return ''
  return ` (the image ships Node ${imageNodeMajor})`
}
