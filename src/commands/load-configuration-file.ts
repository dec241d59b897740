import { resolve } from 'node:path'
import type { Configuration } from '../configuration/configuration.ts'
import { formatProblems } from '../configuration/configuration-problem.ts'
import {
  defaultConfiguration,
  loadConfiguration,
} from '../configuration/read-configuration.ts'
import { Interrupted } from './io.ts'
import type { Io } from './io.ts'
import { readNamedFile } from './pipes.ts'

export interface ConfigurationInForce {
  configuration: Configuration
  /** The file's text, for the watch; null without a file. */
  text: string | null
  /** Absolute; null without a file. */
  file: string | null
}

/** The configuration cannot be used; the message has a line for each problem, with file, line and field. */
export class ConfigurationUnusable extends Error {
  readonly code = 'ConfigurationUnusable'
}

/** Reads `--config FILE`, or takes the defaults when there is none. Throws ConfigurationUnusable, or Interrupted. */
export async function loadConfigurationFile(
  file: string | undefined,
  { cwd, signal }: Pick<Io, 'cwd' | 'signal'>,
): Promise<ConfigurationInForce> {
  if (file === undefined)
    return { configuration: defaultConfiguration(), text: null, file: null }
  const absolute = resolve(cwd, file)
  const loaded = await loadConfiguration(absolute, (path) => readNamedFile(path, signal))
  if (loaded.status === 'invalid') {
    if (loaded.text === null && signal.aborted) throw new Interrupted(file)
    throw new ConfigurationUnusable(
      `the configuration cannot be used\n${formatProblems(loaded.problems)}`,
    )
  }
  return { configuration: loaded.configuration, text: loaded.text, file: absolute }
}
