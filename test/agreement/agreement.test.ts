import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runScenarios } from './judge.ts'
import { findJudges } from './judges.ts'
import { matrix, measuredSection, tally } from './report.ts'
import type { Judgement } from './report.ts'
import { scenarios, themes } from './scenarios.ts'
import { agreeWithSkopeo } from './skopeo.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/agreement.md')
/** Both judges wait half a minute and more for a registry that never answers. */
const TIMEOUT_MS = 600_000
const say = (line: string): void => void process.stderr.write(`agreement: ${line}\n`)

t.setTimeout(TIMEOUT_MS)
const { judges, missing, notes } = await findJudges(say)
for (const note of notes) say(note)
if (missing.length > 0) {
  for (const line of missing) say(line)
  if (process.env.PULLGATE_REQUIRE_PARTS === '1') t.fail(missing.join('; '))
  else t.plan(0, missing.join('; '))
} else await judgeAll()

async function judgeAll(): Promise<void> {
  t.test('the table names every scenario once', async (t) => {
    const names = themes.flatMap((theme) =>
      theme.scenarios.map(({ name }) => `${theme.title}: ${name}`),
    )
    t.equal(new Set(names).size, names.length)
    t.ok(names.length >= 100)
  })

  t.test('skopeo agrees on existence', (t) =>
    agreeWithSkopeo(
      t,
      scenarios.filter(({ skopeo }) => skopeo),
    ),
  )

  const judgements: Judgement[] = []
  // Side by side: most of the time is waiting.
  const running = judges.map((judge) => ({
    judge,
    rows: runScenarios(t, judge, scenarios),
  }))
  for (const { judge, rows: pending } of running) {
    t.test(`containerd ${judge.version} is the judge`, async (t) => {
      t.setTimeout(TIMEOUT_MS)
      const rows = await pending
      judgements.push({ judge, rows })
      for (const { scenario, image, disagreements } of rows)
        t.same(disagreements, [], `${scenario.name} (${image.slice(0, 80)})`)
    })
  }
  t.test('the numbers are written down when asked for', async () => {
    if (process.argv.includes('--write-docs')) await writeDocument(judgements)
  })
  // After everything that tap has to say.
  t.teardown(() => process.once('exit', () => conclude(judgements)))
}

function conclude(judgements: readonly Judgement[]): void {
  const matrices = judgements.map(matrix).join('\n\n')
  process.stdout.write(`\n${matrices}\n\n${tally(judgements)}\n`)
}

async function writeDocument(judgements: readonly Judgement[]): Promise<void> {
  const text = await readFile(DOCUMENT, 'utf8')
  const marks = /(<!-- measured -->\n).*(\n<!-- end of what is measured -->)/s
  const section = measuredSection(judgements)
  const written = text.replace(marks, (_, start: string, end: string) =>
    [start, section, end].join('\n'),
  )
  await writeFile(DOCUMENT, written)
}
