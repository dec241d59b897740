import type { Io } from './io.ts'

/**
 * Whether colours are wanted where no option says so: on a terminal, and off one with FORCE_COLOR, as pipelines set it that show
 * colours; NO_COLOR, present and not empty, is the last word (https://no-color.org).
 */
export function wantsColor({ env, isTerminal }: Pick<Io, 'env' | 'isTerminal'>): boolean {
  if (env.NO_COLOR) return false
  const forced = env.FORCE_COLOR ?? ''
  if (forced === '') return isTerminal
  return forced !== '0' && forced !== 'false'
}
