import { githubReport } from './github.ts'
import { htmlReport } from './html.ts'
import { jsonReport } from './json.ts'
import { junitReport } from './junit.ts'
import { markdownReport } from './markdown.ts'
import { openReport, policyReport } from './policy-report.ts'
import type { Report } from './report.ts'
import { sarifReport } from './sarif.ts'
import { tableReport } from './table.ts'
import { yamlReport } from './yaml.ts'

/** Every format, in the order of the help text. */
export const reports = {
  table: tableReport,
  json: jsonReport,
  yaml: yamlReport,
  sarif: sarifReport,
  junit: junitReport,
  github: githubReport,
  markdown: markdownReport,
  html: htmlReport,
  policyreport: policyReport,
  openreports: openReport,
} as const satisfies Record<string, Report>

export type ReportFormat = keyof typeof reports

export const reportFormats = Object.keys(reports) as ReportFormat[]

export function isReportFormat(name: string): name is ReportFormat {
  return Object.hasOwn(reports, name)
}
