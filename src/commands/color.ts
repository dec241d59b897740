import { styleText } from 'node:util'
import type { ReportOptions } from '../audit/reports/report.ts'
import { UsageError } from './io.ts'
import type { Io } from './io.ts'

export type Color = 'auto' | 'always' | 'never'

/** The option of every command that paints, for the help text. */
export const colorHelp =
  '      --color WHEN      auto (default), always or never; NO_COLOR is heeded'

/** Throws UsageError. */
export function readColor(value: string): Color {
  if (value === 'auto' || value === 'always' || value === 'never') return value
  throw new UsageError(`--color takes auto, always or never, not "${value}"`)
}

/** How texts for standard output are painted. */
export function painter(color: Color, io: Io): ReportOptions['paint'] {
  // https://no-color.org: present and not an empty string.
  const wanted = color === 'auto' ? io.isTerminal && !io.env.NO_COLOR : color === 'always'
  return wanted
    ? (style, text) => styleText(style, text, { validateStream: false })
    : unpainted
}

export function unpainted(_style: unknown, text: string): string {
  return text
}
