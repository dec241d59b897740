import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import type { Test } from 'tap'
import type { AuditOutcome } from '../../src/audit/audit-result.ts'
import { failOnValues } from '../../src/audit/fail-on.ts'
import { junitReport } from '../../src/audit/reports/junit.ts'
import { joined } from '../support/joined.ts'
import { withParts } from '../support/missing-parts.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { aKnown, anImage, anOutcome } from './an-outcome.ts'
import { realWorldFolder, startRealWorld } from './real-world.ts'

const SCHEMA = fileURLToPath(new URL('../schemas/junit-10.xsd', import.meta.url))

const execute = promisify(execFile)

/** What would break out of an attribute or an element, and what XML has no character for. */
const HOSTILE = 'r.test/"><failure>&amp;]]><![CDATA[ --> \u0007\ufffe\ud800'

/**
 * The schema is what the xUnit plugin of Jenkins takes. It has no `file` and `line` of a test, which GitLab and the actions that
 * annotate read; the plugin's own `junit` step, like they, reads over what it does not know.
 */
const withoutPlaces = (xml: string): string =>
  xml.replaceAll(/(<testcase [^>]*?) file="[^"]*" line="\d+"/g, '$1')

/** Every mistake that xmllint finds. */
async function mistakesIn(t: Test, xml: string): Promise<string> {
  const file = join(t.testdir(), 'report.xml')
  await writeFile(file, xml)
  const args = ['--noout', '--nonet', '--schema', SCHEMA, file]
  return execute('xmllint', args).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : 'unknown'),
  )
}

const everything: AuditOutcome = {
  ...anOutcome(
    [
      anImage({ image: 'r.test/a:1' }),
      anImage({ image: 'r.test/b:1', action: 'warn', cause: 'RateLimited' }),
      anImage({ image: 'r.test/c:1', action: 'allow' }),
      aKnown(anImage({ image: 'r.test/d:1' })),
      { ...anImage({ image: 'r.test/e:1', action: 'allow' }), position: null },
    ],
    [anImage({ image: HOSTILE, message: HOSTILE, container: HOSTILE, file: HOSTILE })],
    [],
  ),
  problems: [
    { message: HOSTILE, position: { file: HOSTILE, line: 1, column: 1 } },
    { message: 'cannot read c.yaml: permission denied', position: null },
  ],
}

await withParts(t, { file: import.meta.filename, needs: ['xmllint'] }, async () => {
  await t.test('JUnit holds against its schema, whatever is in it', async (t) => {
    const exempt = anOutcome([]).objects.map((audited) =>
      Object.assign(audited, { exempted: `exempt (${HOSTILE})` }),
    )
    const outcomes: [title: string, AuditOutcome][] = [
      ['everything', everything],
      ['an object that is exempt', { objects: exempt, problems: [] }],
      ['nothing', { objects: [], problems: [] }],
    ]

    for (const [title, outcome] of outcomes) {
      for (const failOn of failOnValues) {
        const xml = joined(junitReport(outcome, { failOn }))
        t.equal(await mistakesIn(t, withoutPlaces(xml)), '', `${title}, ${failOn}`)
      }
    }
  })

  await t.test('JUnit of thirty manifests holds against its schema', async (t) => {
    const world = await startRealWorld(t)
    const { stdout } = await runInProcess(
      ['check', '--config', world.config, '-f', '.', '-o', 'junit'],
      { cwd: realWorldFolder },
    )

    t.equal(await mistakesIn(t, withoutPlaces(stdout)), '')
  })

  await t.test('the schema refuses what is not in it', async (t) => {
    const xml = withoutPlaces(joined(junitReport(everything, { failOn: 'deny' })))
    const rows = [
      [' name="web: r.test/a:1"', ''],
      ['<failure ', '<failed '],
      ['<testsuites ', '<testsuites skipped="1" '],
      ['</testsuites>', ''],
    ] as const

    for (const [from, to] of rows) {
      t.ok(xml.includes(from), from)
      t.match(await mistakesIn(t, xml.replaceAll(from, to)), /error/, from)
    }
  })
})
