import { readFile } from 'node:fs/promises'
import t from 'tap'
import { reportFormats, reports } from '../../src/audit/reports/formats.ts'
import type { ReportFormat } from '../../src/audit/reports/formats.ts'
import { joined } from '../support/joined.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { aKnown, anImage, anOutcome } from './an-outcome.ts'
import { realWorldFolder, startRealWorld } from './real-world.ts'
import { onlyWrong, placesIn } from './report-places.ts'

interface JsonReport {
  results: {
    images: { action: string; position: { file: string; line: number; column: number } }[]
  }[]
}

await t.test('each report has the place of every image that it shows', async (t) => {
  const world = await startRealWorld(t)
  const outputs = reportFormats.flatMap((format) => [
    '-o',
    `${format}=${world.inDirectory(format)}`,
  ])
  await runInProcess(['check', '--config', world.config, '-f', '.', ...outputs], {
    cwd: realWorldFolder,
  })
  const read = (format: ReportFormat) => readFile(world.inDirectory(format), 'utf8')
  const { results } = JSON.parse(await read('json')) as JsonReport
  const images = results.flatMap((result) => result.images)
  const placesOf = (of: typeof images): string[] =>
    of.map(({ position: { file, line, column } }) => `${file}:${line}:${column}`)
  const wrong = images.filter(({ action }) => action !== 'allow')
  t.equal(images.length, 68)
  t.equal(wrong.length, 11)

  for (const format of reportFormats) {
    const shown = onlyWrong.includes(format) ? wrong : images

    t.same(
      placesIn[format](await read(format)).toSorted(),
      placesOf(shown).toSorted(),
      format,
    )
  }
})

t.test('the baseline takes no place away', (t) => {
  const outcome = anOutcome([
    aKnown(anImage({ image: 'r.test/a:1', line: 8 })),
    aKnown(anImage({ image: 'r.test/b:1', action: 'warn', line: 9 })),
  ])
  const options = {
    columns: null,
    paint: (_style: string, text: string) => text,
    version: '0.1.0',
    madeAtMs: 0,
  }

  for (const failOn of ['deny', 'warn', 'never'] as const) {
    for (const format of reportFormats) {
      const text = joined(reports[format](outcome, { ...options, failOn }))
      t.same(placesIn[format](text), ['a.yaml:8:3', 'a.yaml:9:3'], `${format} ${failOn}`)
    }
  }
  t.end()
})

t.test(
  'JUnit names no file for what came through a pipe, and the place all the same',
  (t) => {
    const outcome = anOutcome([anImage({ image: 'r.test/a:1', file: '-' })])

    const text = joined(reports.junit(outcome, { failOn: 'deny' }))

    t.notMatch(text, ' file="')
    t.same(placesIn.junit(text), ['-:7:3'])
    t.end()
  },
)
