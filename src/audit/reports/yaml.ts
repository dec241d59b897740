import { stringify } from 'yaml'
import type { AuditOutcome } from '../audit-result.ts'
import { resultsOf, sumsOf } from './json.ts'
import { yamlOptions } from './yaml-options.ts'

// Not by the flag m, for which U+2028 ends a line too.
const LINE_START = /(?<=\n|^)(?=[^\n])/g

/** The JSON report, written as YAML. */
export function* yamlReport(outcome: AuditOutcome): Generator<string> {
  yield outcome.objects.length === 0 ? 'results: []\n' : 'results:\n'
  for (const result of resultsOf(outcome))
    yield stringify([result], yamlOptions).replaceAll(LINE_START, '  ')
  yield stringify(sumsOf(outcome), yamlOptions)
}
