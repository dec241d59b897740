import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { metricCatalogue } from '../../src/admission/metric-catalogue.ts'
import { commands } from '../../src/commands/run-command.ts'
import { configurationFields } from '../../src/configuration/configuration-fields.ts'
import { readConfiguration } from '../../src/configuration/read-configuration.ts'
import { causeCodes } from '../../src/prediction/causes.ts'
import {
  codeBlocks,
  readDocument,
  readDocuments,
  relativeLinks,
  root,
  section,
  tableRows,
} from './markdown.ts'

const documents = readDocuments()

t.test('every relative link leads to something', (t) => {
  for (const { path, text } of documents) {
    for (const target of relativeLinks(text)) {
      t.ok(existsSync(join(root, dirname(path), target)), `${path}: ${target}`)
    }
  }
  t.end()
})

t.test('every block of YAML, TOML and JSON can be read', (t) => {
  const readers: Record<string, (code: string) => void> = {
    yaml(code) {
      for (const { errors } of parseAllDocuments(code)) if (errors[0]) throw errors[0]
    },
    toml: (code) => void parseToml(code),
    json: (code) => void JSON.parse(code),
  }
  for (const { path, text } of documents) {
    for (const { language, code, line } of codeBlocks(text)) {
      const read = readers[language]
      if (read) t.doesNotThrow(() => read(code), `${path}:${line}`)
    }
  }
  t.end()
})

t.test('every example of a configuration is one', (t) => {
  for (const { path, text } of documents) {
    const examples = codeBlocks(text).filter(
      ({ language, code }) => language === 'yaml' && !/^apiVersion:/m.test(code),
    )
    for (const { code, line } of examples) {
      t.match(readConfiguration(code, `${path}:${line}`), { status: 'ok' })
    }
  }
  t.end()
})

t.test('docs/configuration.md has every field, as the code describes it', (t) => {
  const documented = tableRows(readDocument('docs/configuration.md').text)

  const inCode = configurationFields.map(
    ({ path, type, default: standard, description }) => [
      path,
      type,
      standard,
      description,
    ],
  )
  t.strictSame(documented, inCode)
  t.end()
})

t.test('every top-level field has an example', (t) => {
  const { text } = readDocument('docs/configuration.md')
  for (const { path } of configurationFields.filter(
    (field) => !/[.[]/.test(field.path),
  )) {
    const examples = codeBlocks(section(text, `## ${path}`))
    t.ok(
      examples.some(({ code }) => code.startsWith(`${path}:`)),
      path,
    )
  }
  t.end()
})

t.test('the README has every top-level field with its default', (t) => {
  const rows = tableRows(section(readDocument('README.md').text, '## Configuration'))

  t.strictSame(
    rows.map(([field, standard]) => [field, standard]),
    configurationFields
      .filter(({ path }) => !/[.[]/.test(path))
      .map(({ path, default: standard }) => [path, standard]),
  )
  t.end()
})

t.test('docs/metrics.md has every metric, as the code describes it', (t) => {
  const { text } = readDocument('docs/metrics.md')

  t.strictSame(
    tableRows(text.slice(0, text.indexOf('\n## '))),
    Object.entries(metricCatalogue).map(([name, { type, labels, help }]) => [
      name,
      type,
      labels.join(', '),
      help,
    ]),
  )
  t.end()
})

t.test('documents name no metric and no cause that there is not', (t) => {
  const metrics = Object.keys(metricCatalogue)
  const known = new Set<string>([
    ...metrics,
    ...metrics.flatMap((name) => [`${name}_bucket`, `${name}_sum`, `${name}_count`]),
  ])
  const causes = new Set<string>(causeCodes)
  for (const { path, text } of documents) {
    for (const [name] of text.matchAll(/\bpullgate_[a-z_]*[a-z]\b/g)) {
      t.ok(known.has(name), `${path}: ${name}`)
    }
    for (const [, code = ''] of text.matchAll(/\[([A-Z][a-z]+[A-Za-z]+)\](?!\()/g)) {
      t.ok(causes.has(code), `${path}: ${code}`)
    }
  }
  t.end()
})

t.test(
  'docs/command-line.md has every command and option of the help texts',
  async (t) => {
    const { text } = readDocument('docs/command-line.md')
    const overview = tableRows(text.slice(0, text.indexOf('\n## ')))

    t.strictSame(
      overview,
      commands.map(({ name, summary }) => [name, summary]),
    )
    for (const entry of commands) {
      const { name, help } = await entry.load()
      const rows = tableRows(section(text, `## ${name}`))
      const options = optionsOf(help)
      t.strictSame(
        rows.map(([option]) => option),
        options.map(({ option }) => option),
        name,
      )
      for (const [index, { option, standard }] of options.entries()) {
        if (standard !== null) t.equal(rows[index]?.[1], standard, option)
      }
    }
  },
)

t.test('docs/dependencies.md has a reason for each package, and no other', (t) => {
  const { text } = readDocument('docs/dependencies.md')
  const { dependencies, devDependencies } = packageJson()

  for (const [heading, packages] of [
    ['## At run time', dependencies],
    ['## For development', devDependencies],
  ] as const) {
    const rows = tableRows(section(text, heading))
    t.strictSame(
      rows.map(([name]) => name),
      Object.keys(packages).toSorted(),
      heading,
    )
    for (const [name, reason = ''] of rows) t.ok(reason.length > 10, `why ${name}`)
  }
  t.end()
})

t.test('docs/architecture.md has every folder of src, and no other', (t) => {
  const { text } = readDocument('docs/architecture.md')
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

  const documented = tableRows(section(text, '## Folders of src')).flatMap(
    ([cell = '']) => [...cell.matchAll(/(\w+)\//g)].map(([, name = '']) => name),
  )
  t.strictSame(documented.toSorted(), folders.toSorted())
  for (const [, file = ''] of text.matchAll(/`([\w-]+\/[\w-]+\.ts)`/g)) {
    t.ok(existsSync(join(root, 'src', file)), file)
  }
  t.end()
})

t.test('every decision has a number of its own, context and consequences', (t) => {
  const names = readdirSync(join(root, 'docs/adr')).toSorted()

  for (const [index, name] of names.entries()) {
    const number = String(index + 1).padStart(4, '0')
    t.ok(name.startsWith(`${number}-`), name)
    const { text } = readDocument(`docs/adr/${name}`)
    t.ok(text.startsWith(`# ${number}: `), name)
    for (const heading of ['## Context', '## Decision', '## Consequences']) {
      t.ok(section(text, heading).length > 100, `${name}: ${heading}`)
    }
  }
  t.end()
})

interface Option {
  /** Such as `-f, --filename FILE`. */
  option: string
  /** null where the help names none. */
  standard: string | null
}

function optionsOf(help: string): Option[] {
  const lines = help.matchAll(/^ +((?:-\w, )?--[\w-]+(?: [A-Z:]+)?) +(.*)$/gm)
  return [...lines].map(([, option = '', words = '']) => {
    const [, standard = null] =
      /\(default:? ([^)]+)\)/.exec(words) ?? /^(\S+) \(default\)/.exec(words) ?? []
    // A variable is named in words.
    return { option, standard: standard === 'POD_NAMESPACE' ? null : standard }
  })
}

function packageJson(): Record<'dependencies' | 'devDependencies', object> {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as ReturnType<
    typeof packageJson
  >
}
