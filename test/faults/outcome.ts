import type { Injected } from './lane.ts'
import type { Tally } from './tally.ts'
import type { Vitals } from './vitals.ts'

/** What one server went through. */
export interface Outcome {
  server: string
  injected: Injected[]
  tally: Tally
  seconds: number
  vitals: {
    /** Under load, before the first fault. */
    before: Vitals
    peak: Vitals
    /** Under the same load, after the last. */
    after: Vitals
  }
  /** Null: it still ran at the end. */
  exitCode: number | null
}
