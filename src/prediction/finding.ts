import type { CauseCode } from './causes.ts'

/** `certain`: the pull fails on every node, now, for a reason the author can fix. Anything less is `uncertain` and never denies. */
export type Certainty = 'certain' | 'uncertain'

/** One thing that is wrong, or may be wrong, with pulling one image. All texts are single lines without control characters. */
export interface Finding {
  cause: CauseCode
  certainty: Certainty
  /** What is so, with the evidence: full sentences. */
  message: string
  /** The next thing to do, best a command to paste; null where there is none. */
  advice: string | null
  /** Why an otherwise certain finding is not certain: full sentences. Empty for certain ones. */
  doubts: string[]
}
