import { availableParallelism } from 'node:os'
import type { Injected } from './lane.ts'
import type { Outcome } from './outcome.ts'
import type { Vitals } from './vitals.ts'

/** What `npm run test:faults` ends with. */
export function figures(outcomes: readonly Outcome[]): string[] {
  const tallies = outcomes.map(({ tally }) => tally)
  const sent = sum(tallies.map((tally) => tally.sent))
  return [
    `load held: ${sent} reviews to ${outcomes.length} servers, ${rates(outcomes)} a second`,
    `faults injected: ${outcomes.flatMap(({ injected }) => injected).length}`,
    `wrong denials: ${sum(tallies.map((tally) => tally.wrongDenials.length))}`,
    `reviews lost: ${sum(tallies.map((tally) => tally.lost.length))}`,
  ]
}

/** Everything that docs/faults.md says as measured. */
export function measuredSection(outcomes: readonly Outcome[]): string {
  const list = figures(outcomes).map((line) => `- ${line}`)
  return [
    `Node ${process.version}, ${availableParallelism()} cores shared with the registries, the API server and the load.`,
    list.join('\n'),
    '### Servers',
    table(
      [
        'Server',
        'Reviews a second',
        'Allowed',
        'Warned',
        'Denied',
        'Slowest answer',
        'Memory before, peak, after',
        'Files and sockets before, peak, after',
        'Connections of callers, peak',
      ],
      outcomes.map(serverRow),
    ),
    '### Faults',
    table(
      ['Part', 'Fault', 'Softer answers meanwhile', 'All judged again after'],
      outcomes.flatMap(({ injected, tally }) =>
        injected.map((each) => faultRow(each, tally.softened.get(each.fault) ?? 0)),
      ),
    ),
  ].join('\n\n')
}

function serverRow({ server, tally, seconds, vitals }: Outcome): string[] {
  const { before, peak, after } = vitals
  const three = (name: keyof Vitals): string =>
    [before, peak, after].map((each) => each[name]).join(', ')
  return [
    server,
    (tally.sent / seconds).toFixed(1),
    String(tally.allowed),
    String(tally.warned),
    String(tally.denied),
    `${(tally.slowestMs / 1000).toFixed(1)} s`,
    `${three('rssMib')} MiB`,
    three('descriptors'),
    String(peak.callers),
  ]
}

function faultRow({ lane, fault, recoveredMs }: Injected, softened: number): string[] {
  const seconds = recoveredMs === null ? 'never' : `${(recoveredMs / 1000).toFixed(1)} s`
  return [lane, fault, String(softened), seconds]
}

function rates(outcomes: readonly Outcome[]): string {
  return outcomes
    .map(({ tally, seconds }) => (tally.sent / seconds).toFixed(0))
    .join(', ')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
