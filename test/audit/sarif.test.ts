import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { AuditOutcome } from '../../src/audit/audit-result.ts'
import { sarifReport } from '../../src/audit/reports/sarif.ts'
import { uriOf } from '../../src/audit/reports/sarif-place.ts'
import { causeCodes } from '../../src/prediction/causes.ts'
import { joined } from '../support/joined.ts'
import type { RunOptions } from '../support/pullgate-process.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { anImage, anOutcome } from './an-outcome.ts'
import { validateSarif } from './report-schemas.ts'

const OPTIONS = { version: '0.1.0' }

t.test('SARIF has a rule for each cause, places, and fingerprints without lines', (t) => {
  const [first, moved] = [sarifOf(7), sarifOf(90)]
  t.same(
    first?.tool.driver.rules.map(({ id }) => id),
    causeCodes,
  )
  t.match(first?.results, [
    {
      ruleId: 'ImageNotFound',
      level: 'error',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'a.yaml' },
            region: { startLine: 7, startColumn: 3 },
          },
        },
      ],
    },
  ])
  t.same(moved?.results[0]?.partialFingerprints, first?.results[0]?.partialFingerprints)
  for (const { id, fullDescription, defaultConfiguration } of first?.tool.driver.rules ??
    [])
    t.equal(
      fullDescription.text.startsWith('The image will not be pulled'),
      defaultConfiguration.level === 'error',
      `${id} promises a failure only where it is one`,
    )
  t.equal(uriOf('a dir/b#1.yaml'), 'a%20dir/b%231.yaml')
  t.equal(uriOf('/tmp/a.yaml'), 'file:///tmp/a.yaml')
  t.end()
})

function sarifOf(line: number) {
  const log = JSON.parse(
    joined(sarifReport(anOutcome([anImage({ image: 'r.test/a:1', line })]), OPTIONS)),
  ) as Sarif
  return log.runs[0]
}

interface Sarif {
  runs: {
    tool: {
      driver: {
        rules: {
          id: string
          fullDescription: { text: string }
          defaultConfiguration: { level: string }
        }[]
      }
    }
    results: { partialFingerprints: object; locations: Location[] }[]
    invocations: { executionSuccessful: boolean }[]
  }[]
}

interface Location {
  physicalLocation: {
    artifactLocation: { uri: string }
    region: { startLine: number; startColumn: number }
  }
}

const pod = (containers: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: web, namespace: shop }\nspec:\n  containers:\n${containers}`

const top = (uri: string): string[] => [`${uri}:1:1`]

const wrong = pod('    - { name: c, image: a.test/UPPER:1 }\n')

/** `uri:line:column` of every result; GitHub takes no report with one that has none. */
function placesIn(text: string): string[] {
  const log: unknown = JSON.parse(text)
  validateSarif(log)
  return (log as Sarif).runs.flatMap(({ results }) =>
    results.flatMap(({ locations: [location] }) => {
      const { artifactLocation, region } = location?.physicalLocation ?? {}
      return `${artifactLocation?.uri}:${region?.startLine}:${region?.startColumn}`
    }),
  )
}

t.test('every result has a file, or a name in its place', async (t) => {
  const cwd = t.testdir({
    bin: {},
    deploy: {
      'wrong.yaml': wrong,
      'imageless.yaml': pod(
        '    - name: a\n      command: [x]\n    - {}\n    - image:\n',
      ),
    },
  })
  const kubectl = join(cwd, 'bin/kubectl')
  await writeFile(kubectl, `#!/bin/sh\ncat <<'END'\n${wrong}END\n`)
  await chmod(kubectl, 0o755)
  const env = { PATH: `${join(cwd, 'bin')}:/usr/bin:/bin` }
  const rows: [args: string[], options: RunOptions, places: string[]][] = [
    [['-f', 'deploy/wrong.yaml'], {}, ['deploy/wrong.yaml:6:25']],
    [
      ['-f', 'deploy/imageless.yaml'],
      {},
      ['6:7', '8:7', '9:13'].map((place) => `deploy/imageless.yaml:${place}`),
    ],
    [['-f', '-'], { input: wrong }, ['stdin:6:25']],
    [['a.test/UPPER:1'], {}, top('images')],
    [['-k', '.'], {}, top('kustomization.yaml')],
    [['-k', './overlays/prod/'], {}, top('overlays/prod/kustomization.yaml')],
    [['-k', '/a/b c'], {}, top('file:///a/b%20c/kustomization.yaml')],
    ...[
      'https://git.test/acme/deploy//prod?ref=main',
      'git::https://bob:s3cr3t@git.test/acme/deploy//prod?ref=v2',
      'git.test/acme/deploy//prod?ref=main',
      'git@git.test:acme/deploy//prod?ref=main',
    ].map((url): [string[], RunOptions, string[]] => [
      ['-k', url],
      {},
      top('git.test/acme/deploy/prod/kustomization.yaml'),
    ]),
  ]
  for (const [args, options, places] of rows) {
    const { stdout } = await runInProcess(['check', ...args, '-o', 'sarif'], {
      cwd,
      env,
      ...options,
    })
    t.same(placesIn(stdout), places, args.join(' '))
  }
  const audit = ['audit', '--standalone', join(cwd, 'deploy'), '-o', 'sarif']
  const { stdout } = await runInProcess(audit)
  t.ok(placesIn(stdout).length > 0)
  for (const place of placesIn(stdout)) t.equal(place, 'cluster/shop/Pod/web:1:1')
})

t.test('a run is a success when nothing was left unjudged', (t) => {
  const outcome = anOutcome([anImage({ image: 'r.test/a:1' })])
  const problem = { message: 'interrupted: 1 of 2 objects were judged', position: null }
  for (const [what, success] of [
    [outcome, true],
    [{ ...outcome, problems: [problem] }, false],
  ] satisfies [AuditOutcome, boolean][]) {
    const log = JSON.parse(joined(sarifReport(what, OPTIONS))) as Sarif
    t.match(log.runs, [{ invocations: [{ executionSuccessful: success }] }])
  }
  t.end()
})
