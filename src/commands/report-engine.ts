import type { Configuration } from '../configuration/configuration.ts'
import { createEngine } from '../engine/create-engine.ts'
import type { Engine } from '../engine/create-engine.ts'
import type { ClusterFacts } from '../prediction/cluster-facts.ts'
import { silentObserver } from '../registry/registry-observer.ts'
import type { Io } from './io.ts'

export interface ReportEngineOptions {
  /** Of the command, for the line about a fault of ours. */
  name: string
  configuration: Configuration
  facts: ClusterFacts
  /** Takes one line without its end for standard error. */
  tell: (line: string) => void
}

/** The engine of a command that reports: thorough, each distinct question once, and nothing counted. */
export function createReportEngine(
  { name, configuration, facts, tell }: ReportEngineOptions,
  io: Io,
): Promise<Engine> {
  return createEngine({
    configuration,
    facts,
    observer: silentObserver,
    env: io.env,
    onFault: (error) => tell(`pullgate ${name}: internal error: ${String(error)}`),
    onNotice: tell,
    thorough: true,
    oneRun: { signal: io.signal },
  })
}
