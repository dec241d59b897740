import { printable } from '../text/printable.ts'

/** One thing that is wrong with a configuration file. */
export interface ConfigurationProblem {
  file: string
  /** From 1; null when the file as a whole is meant (it cannot be read). */
  line: number | null
  column: number | null
  /** Such as `registries[0].endpoint`; empty for the document as a whole. */
  field: string
  /** What is wrong and what is allowed; one printable line. */
  message: string
}

/** `file:line:column: field.path: what is wrong and what is allowed`, as editors and compilers have it. */
export function formatProblem(problem: ConfigurationProblem): string {
  const { file, line, column, field, message } = problem
  const position = line === null || column === null ? '' : `:${line}:${column}`
  return [`${printable(file)}${position}`, field, message]
    .filter((part) => part !== '')
    .join(': ')
}

/** All problems, one a line. */
export function formatProblems(problems: readonly ConfigurationProblem[]): string {
  return problems.map(formatProblem).join('\n')
}
