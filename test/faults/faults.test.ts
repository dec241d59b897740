import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { findBinaries } from '../cluster/binaries.ts'
import { endureCluster } from './cluster.ts'
import { MARGIN } from './ordeal.ts'
import type { Outcome } from './outcome.ts'
import { whyNotHere } from './privileges.ts'
import { startRegistries } from './registries.ts'
import { figures, measuredSection } from './report.ts'
import { endureStandalone } from './standalone.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/faults.md')
/** A first run builds Kubernetes. */
const TIMEOUT_MS = 1_800_000
/** A leak would go on; the manifests allow 512 MiB. */
const MOST = { rssMib: 450, descriptors: 300, callers: 1_000 } as const
const say = (line: string): void => void process.stderr.write(`faults: ${line}\n`)

t.setTimeout(TIMEOUT_MS)
// Every program that is started is ended with this process.
process.setMaxListeners(50)
const missing = whyNotHere()
const binaries =
  missing.length > 0 ? null : await findBinaries({ env: process.env, log: say })
if (binaries !== null && 'missing' in binaries) missing.push(binaries.missing)
if (binaries === null || 'missing' in binaries) {
  for (const line of missing) say(line)
  if (process.env.PULLGATE_REQUIRE_PARTS === '1') t.fail(missing.join('; '))
  else t.plan(0, missing.join('; '))
} else {
  const registries = await startRegistries(t)
  say('registries, token services, DNS, certificates, clock and logs fail')
  const outcomes = await endureStandalone(t, registries, say)
  say('the API server fails')
  outcomes.push(await endureCluster(t, registries, binaries, say))
  for (const outcome of outcomes) t.test(outcome.server, (t) => assert(t, outcome))
  t.test('the numbers are written down when asked for', async () => {
    if (process.argv.includes('--write-docs')) await writeDocument(outcomes)
  })
  // After everything that tap has to say.
  t.teardown(() =>
    process.once('exit', () =>
      process.stdout.write(`\n${figures(outcomes).join('\n')}\n`),
    ),
  )
}

async function assert(t: Test, outcome: Outcome): Promise<void> {
  const { tally, injected, vitals, exitCode } = outcome
  t.strictSame(tally.wrongDenials, [], 'no denial comes of a fault')
  t.strictSame(tally.lost, [], 'every review is answered in time')
  t.equal(exitCode, null, 'the process never ended')
  t.equal(tally.allowed + tally.warned + tally.denied, tally.sent)
  t.ok(tally.allowed > 0 && tally.denied > 0, 'reviews of both kinds')
  for (const { fault, silent, left } of injected) {
    t.strictSame(left, [], `${fault}: over, and all is judged as before`)
    const softened = tally.softened.get(fault) ?? 0
    if (!silent) t.ok(softened > 0, `${fault}: it was felt`)
  }
  const { before, peak, after } = vitals
  t.ok(peak.rssMib < MOST.rssMib, `${peak.rssMib} MiB at most`)
  t.ok(peak.descriptors < MOST.descriptors, `${peak.descriptors} files and sockets`)
  t.ok(peak.callers < MOST.callers, `${peak.callers} connections of callers`)
  t.ok(after.rssMib <= before.rssMib + MARGIN.rssMib, `${after.rssMib} MiB in the end`)
  const most = before.descriptors + MARGIN.descriptors
  t.ok(after.descriptors <= most, `${after.descriptors} files and sockets in the end`)
}

async function writeDocument(outcomes: readonly Outcome[]): Promise<void> {
  const text = await readFile(DOCUMENT, 'utf8')
  const marks = /(<!-- measured -->\n).*(\n<!-- end of what is measured -->)/s
  const section = measuredSection(outcomes)
  const written = text.replace(marks, (_, start: string, end: string) =>
    [start, section, end].join('\n'),
  )
  await writeFile(DOCUMENT, written)
}
