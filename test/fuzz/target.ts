import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { below, mutateJson, mutateText, pick } from './mutate.ts'
import type { Random } from './mutate.ts'

export interface Target {
  name: string
  /** Seeds as texts. */
  corpus: string[]
  mutate(random: Random, corpus: readonly string[]): string
  /** Rejects or throws for what must not happen. */
  run(input: string): void | Promise<void>
}

export function corpusOf(folder: string): string[] {
  const directory = join(import.meta.dirname, folder)
  return readdirSync(directory)
    .filter((name) => !/\.(?:md|headers\.txt)$/.test(name))
    .toSorted()
    .map((name) => readFileSync(join(directory, name), 'utf8'))
}

export function mutateAsText(random: Random, corpus: readonly string[]): string {
  return mutateText(random, pick(random, corpus), corpus)
}

/** Mostly a change of structure, at times one of bytes. */
export function mutateAsJson(random: Random, corpus: readonly string[]): string {
  if (below(random, 8) === 0) return mutateAsText(random, corpus)
  const seed: unknown = JSON.parse(pick(random, corpus))
  return JSON.stringify(mutateJson(random, seed)) ?? 'null'
}
