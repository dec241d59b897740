import type { CauseCode } from '../causes.ts'

/** One way in which a pull fails, or looks as if it would. */
export interface CatalogueRow {
  /** Numbers are stable: messages, tests and documents cite them. */
  row: number
  title: string
  /** Whether it can be told at admission, from inside the cluster. */
  predictable: 'yes' | 'partly' | 'no'
  /** What a finding is called, the one that decides first; empty where there is nothing to find. */
  causes: readonly CauseCode[]
  /** The most that is done about it by default: `deny` for a certain finding, `warn` where certainty cannot be had. */
  action: 'deny' | 'warn' | 'allow'
  /** Why it cannot be told, or only in part, or why it is let through; null where there is nothing to add. */
  note: string | null
}
