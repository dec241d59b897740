import { readdirSync } from 'node:fs'
import t from 'tap'
import { readConfiguration } from '../../src/configuration/read-configuration.ts'
import { causeCodes, causes } from '../../src/prediction/causes.ts'
import {
  failureCatalogue,
  rowsOf,
} from '../../src/prediction/catalogue/failure-catalogue.ts'
import { codeBlocks, readDocument, root, section, tableRows } from '../docs/markdown.ts'
import { failureCatalogueDocument } from './failure-catalogue-document.ts'

const HEADINGS = [
  '## What it means',
  '## In kubectl',
  '## Confirm it by hand',
  '## Fix it',
  '## When it denies, and when it only warns',
  '## Silence it',
]

t.test('the catalogue has 84 rows, each with a cause or a reason for none', (t) => {
  t.same(
    failureCatalogue.map(({ row }) => row),
    Array.from({ length: 84 }, (_, index) => index + 1),
  )
  for (const { row, predictable, causes: codes, action, note } of failureCatalogue) {
    if (predictable !== 'yes') t.ok(note, `row ${row} says why it cannot be told`)
    t.equal(
      codes.length === 0,
      action === 'allow',
      `row ${row} has a cause, or is allowed`,
    )
    if (codes.length === 0) t.ok(note, `row ${row} says why nothing is found`)
    const actions = codes.map((code) => causes[code].defaultAction)
    if (action === 'deny')
      t.ok(actions.includes('deny'), `row ${row}: a cause that denies`)
    if (predictable === 'no') t.not(action, 'deny', `row ${row} is never denied`)
  }
  t.end()
})

t.test('docs/failure-catalogue.md is written from the catalogue', (t) => {
  t.equal(readDocument('docs/failure-catalogue.md').text, failureCatalogueDocument())
  t.end()
})

t.test('each cause has a page, and each page a cause', (t) => {
  const pages = readdirSync(`${root}docs/causes`).filter((name) => name !== 'README.md')

  t.same(pages.toSorted(), causeCodes.map((code) => `${code}.md`).toSorted())
  t.end()
})

for (const code of causeCodes) {
  t.test(`the page of ${code} says what the code does`, (t) => {
    const { title, defaultAction } = causes[code]
    const { text } = readDocument(`docs/causes/${code}.md`)
    const rows = rowsOf(code)

    t.match(text, `# ${code}\n\n${title.slice(0, 1).toUpperCase()}${title.slice(1)}.\n`)
    t.match(text, `\n- Default action: ${defaultAction}\n`)
    const numbers = /^- Failure catalogue: (?:none|\[rows? ([\d, ]+)\])/m.exec(text)?.[1]
    t.same(numbers?.split(', ').map(Number) ?? [], rows)
    t.same(
      [...text.matchAll(/^## .+$/gm)].map(([heading]) => heading),
      HEADINGS,
    )
    for (const heading of HEADINGS) t.ok(section(text, heading).length > 20, heading)
    t.match(section(text, '## In kubectl'), `[${code}]`)
    t.match(
      section(text, HEADINGS[4] ?? ''),
      defaultAction === 'deny' ? 'It denies when' : 'It never denies',
    )
    const [silence] = codeBlocks(section(text, '## Silence it'))
    t.match(readConfiguration(silence?.code ?? '', 'page'), {
      status: 'ok',
      configuration: { actions: { [code]: 'allow' } },
    })
    t.end()
  })
}

t.test('docs/causes/README.md lists every cause in the order of severity', (t) => {
  const { text } = readDocument('docs/causes/README.md')

  t.same(
    tableRows(text),
    causeCodes.map((code) => [
      `[${code}](${code}.md)`,
      causes[code].title,
      causes[code].defaultAction,
    ]),
  )
  t.end()
})

t.test('docs/registries.md speaks of every setting of a registry', (t) => {
  const { text } = readDocument('docs/registries.md')

  for (const field of [
    'endpoint',
    'caFile',
    'clientCertFile',
    'plainHttp',
    'skip',
    'proxy',
    'mirrored',
    'allowManifestGets',
    'hostsDirectory',
  ]) {
    t.ok(text.includes(`\`${field}`), field)
  }
  for (const product of [
    'Nexus',
    'Artifactory',
    'Harbor',
    'GKE',
    'k3s',
    'OpenShift',
    'HTTPS_PROXY',
    'NO_PROXY',
  ]) {
    t.ok(text.includes(product), product)
  }
  t.end()
})
