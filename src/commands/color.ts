import { styleText } from 'node:util'
import type { ReportOptions } from '../audit/reports/report.ts'
import { UsageError } from './io.ts'
import type { Io } from './io.ts'

export type Color = 'auto' | 'always' | 'never'

/** The option of every command that paints, for the help text. */
export const colorHelp =
  '      --color WHEN      auto (default), always or never; NO_COLOR and FORCE_COLOR are heeded'

/** Throws UsageError. */
export function readColor(value: string): Color {
  if (value === 'auto' || value === 'always' || value === 'never') return value
  throw new UsageError(`--color takes auto, always or never, not "${value}"`)
}

/** How texts for standard output are painted. */
export function painter(color: Color, io: Io): ReportOptions['paint'] {
  const wanted = color === 'auto' ? wantsColor(io) : color === 'always'
  return wanted
    ? (style, text) => styleText(style, text, { validateStream: false })
    : unpainted
}

export function unpainted(_style: unknown, text: string): string {
  return text
}

/**
 * Whether colours are wanted where no option says so: on a terminal, and off one with FORCE_COLOR, as pipelines set it that show
 * colours; NO_COLOR, present and not empty, is the last word (https://no-color.org).
 */
function wantsColor({ env, isTerminal }: Pick<Io, 'env' | 'isTerminal'>): boolean {
  if (env.NO_COLOR) return false
  const forced = env.FORCE_COLOR ?? ''
  if (forced === '') return isTerminal
  return forced !== '0' && forced !== 'false'
}
