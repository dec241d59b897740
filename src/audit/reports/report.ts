import type { AuditOutcome } from '../audit-result.ts'
import type { FailOn } from '../fail-on.ts'

export type Style = 'red' | 'yellow' | 'green' | 'dim' | 'bold'

export interface ReportOptions {
  /** What counts as a failure, for formats that have such a thing. */
  failOn: FailOn
  /** Lines are broken at this width; null leaves them as they are. */
  columns: number | null
  /** Paints a text; identity where colours are not wanted. */
  paint: (style: Style, text: string) => string
  /** Of pullgate. */
  version: string
  /** When the run ended, in milliseconds since 1970; only the HTML report shows it, so that the others can be diffed. */
  madeAtMs: number
}

/** One format: the report in pieces, which together end with a newline; it need not be in memory as a whole. Pure. */
export type Report = (outcome: AuditOutcome, options: ReportOptions) => Iterable<string>
