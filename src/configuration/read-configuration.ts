import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemTrouble } from '../text/system-trouble.ts'
import type { Configuration } from './configuration.ts'
import type { ConfigurationProblem } from './configuration-problem.ts'
import { rootFields } from './fields.ts'
import { parseYaml } from './parse-yaml.ts'
import { toRegistrySettings } from './registry-fields.ts'
import { defaultsOf, map, type Values } from './schema.ts'

export type ReadConfiguration =
  | { status: 'ok'; configuration: Configuration }
  /** Every problem of the file, in its order; at least one. */
  | { status: 'invalid'; problems: ConfigurationProblem[] }

/** With the text that was read; null when the file could not be read. */
export type LoadedConfiguration = ReadConfiguration & { text: string | null }

/** A file of nothing but mistakes is not worth more lines than this. */
const MAX_PROBLEMS = 100

const root = map(rootFields)

/** The configuration of an empty file. */
export function defaultConfiguration(): Configuration {
  return toConfiguration(defaultsOf(rootFields))
}

/**
 * Reads the text of a configuration file (YAML 1.2, or JSON). All problems are reported at once, each with its place.
 * `fileName` stands in the problems, and relative paths inside the file are relative to its directory. Never throws.
 */
export function readConfiguration(text: string, fileName: string): ReadConfiguration {
  const yaml = parseYaml(text)
  if (yaml.status === 'invalid') {
    const problems = yaml.problems.map((problem) => ({
      file: fileName,
      field: '',
      ...problem,
    }))
    return { status: 'invalid', problems: problems.slice(0, MAX_PROBLEMS) }
  }
  const { root: node } = yaml
  const isEmpty = node === null || (node.kind === 'scalar' && node.value === null)
  if (isEmpty) return { status: 'ok', configuration: defaultConfiguration() }

  const problems: ConfigurationProblem[] = []
  const values = root.read(node, '', {
    directory: dirname(fileName),
    report: ({ line, column }, field, message) =>
      problems.push({ file: fileName, line, column, field, message }),
  })
  if (values === undefined || problems.length > 0) {
    return { status: 'invalid', problems: inFileOrder(problems).slice(0, MAX_PROBLEMS) }
  }
  return { status: 'ok', configuration: toConfiguration(values) }
}

/** Reads a configuration file, from disk unless told how. A file that cannot be read is a problem without a line. */
export async function loadConfiguration(
  fileName: string,
  read?: ReadFile,
): Promise<LoadedConfiguration> {
  const file = await loadConfigurationText(fileName, read)
  if (file.status === 'unreadable')
    return { status: 'invalid', problems: [file.problem], text: null }
  return { ...readConfiguration(file.text, fileName), text: file.text }
}

type ReadFile = (fileName: string) => Promise<Buffer>

export type ConfigurationText =
  | { status: 'read'; text: string }
  | { status: 'unreadable'; problem: ConfigurationProblem }

/** The text alone, for who only wants to know whether it has changed. */
export async function loadConfigurationText(
  fileName: string,
  read: ReadFile = (file) => readFile(file),
): Promise<ConfigurationText> {
  try {
    return { status: 'read', text: (await read(fileName)).toString('utf8') }
  } catch (error) {
    const message = `the file cannot be read: ${systemTrouble(error)}`
    const problem = { file: fileName, line: null, column: null, field: '', message }
    return { status: 'unreadable', problem }
  }
}

function inFileOrder(problems: ConfigurationProblem[]): ConfigurationProblem[] {
  return problems.toSorted(
    (a, b) =>
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      a.field.localeCompare(b.field),
  )
}

/** From the names of the file to those of the program, which carry their units. */
function toConfiguration(values: Values<typeof rootFields>): Configuration {
  // Defaults are shared by all readings; no reader of one configuration may change them for the next.
  const { deadline, cache, registries, ...same } = structuredClone(values)
  return {
    ...same,
    deadlineMs: deadline,
    registries: registries.map(toRegistrySettings),
    cache: {
      maxEntries: cache.maxEntries,
      maxBytes: cache.maxBytes,
      digestTtlMs: cache.digestTtl,
      tagTtlMs: cache.tagTtl,
      refusalTtlMs: cache.refusalTtl,
      errorTtlMs: cache.errorTtl,
    },
  }
}
