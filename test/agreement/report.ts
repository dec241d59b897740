import { isFalseDenial, isMissed } from './judge.ts'
import type { Judge, Row } from './judge.ts'

export interface Judgement {
  judge: Judge
  rows: readonly Row[]
}

const ACTIONS = ['allow', 'warn', 'deny'] as const

/** The confusion matrix of one judge, as a Markdown table. */
export function matrix({ judge, rows }: Judgement): string {
  const count = (action: string, status: string): string =>
    String(
      rows.filter((row) => row.opinion.action === action && row.outcome.status === status)
        .length,
    )
  const name = `containerd ${judge.version}`
  const lines = ACTIONS.map((action) => [
    `Pullgate: ${action}`,
    count(action, 'pulled'),
    count(action, 'failed'),
  ])
  return table([`${name}, ${rows.length} scenarios`, 'pulls', 'fails'], lines)
}

/** The two numbers that must be 0. */
export function tally(judgements: readonly Judgement[]): string {
  const rows = judgements.flatMap((judgement) => judgement.rows)
  const falseDenials = rows.filter(isFalseDenial).length
  const missed = rows.filter(isMissed).length
  return `false denials: ${falseDenials}, missed predictable failures: ${missed}`
}

/** Everything that docs/agreement.md says as measured. */
export function measuredSection(judgements: readonly Judgement[]): string {
  const scenarios = judgements[0]?.rows.map(({ scenario }) => scenario) ?? []
  const differing = scenarios.flatMap(({ name, differs }) =>
    Object.entries(differs ?? {}).map(([version, { judge, verdict, why }]) => [
      name,
      version,
      judge ?? 'the same',
      verdict ?? 'the same',
      why,
    ]),
  )
  const gaps = scenarios.flatMap((scenario) => {
    const where = judgements
      .filter(({ rows }) => rows.some((row) => row.scenario === scenario && isGap(row)))
      .map(({ judge }) => judge.version)
    return where.length === 0
      ? []
      : [[scenario.name, where.join(', '), scenario.gap ?? '']]
  })
  return [
    ...judgements.map(matrix),
    `${capitalized(tally(judgements))}.`,
    '### Where versions of containerd differ',
    table(['scenario', 'version', 'containerd', 'Pullgate', 'why'], differing),
    '### Failures that Pullgate does not foresee',
    table(['scenario', 'containerd', 'why'], gaps),
  ].join('\n\n')
}

function isGap({ outcome, opinion }: Row): boolean {
  return outcome.status === 'failed' && opinion.action === 'allow'
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** Columns as wide as their widest cell, the way prettier writes tables. */
function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, ...lines]
  const widths = head.map((_, column) =>
    Math.max(3, ...all.map((cells) => cells[column]?.length ?? 0)),
  )
  const write = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  const rule = write(widths.map((width) => '-'.repeat(width)))
  return [write(head), rule, ...lines.map(write)].join('\n')
}
