import { randomFrom } from './mutate.ts'
import type { Target } from './target.ts'

export interface Crash {
  target: string
  seed: number
  input: string
  error: unknown
}

/** One input from one seed; null when nothing went wrong. */
export async function findCrash(target: Target, seed: number): Promise<Crash | null> {
  const input = target.mutate(randomFrom(seed), target.corpus)
  return crashOf(target, input, seed)
}

export async function crashOf(
  target: Target,
  input: string,
  seed: number,
): Promise<Crash | null> {
  try {
    await target.run(input)
    if ('polluted' in {}) throw new Error('Object.prototype was changed')
    return null
  } catch (error) {
    return { target: target.name, seed, input, error }
  }
}
