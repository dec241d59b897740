import { stringify } from 'yaml'
import type { AuditOutcome } from '../audit-result.ts'
import { reportObject } from './json.ts'

/** The JSON report, written as YAML. */
export function yamlReport(outcome: AuditOutcome): string {
  return stringify(reportObject(outcome), { aliasDuplicateObjects: false, lineWidth: 0 })
}
