import { Writable } from 'node:stream'
import t from 'tap'
import { createProgress, progressLine } from '../../src/commands/progress.ts'

/** What is written to a terminal of so many columns, and a hand to make it another. */
function terminal(columns: number | undefined) {
  const written: string[] = []
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk.toString())
        done()
      },
    }),
    { isTTY: true, columns },
  )
  return { stream, written }
}

function run(columns: number | undefined, wider?: number): string[] {
  const { stream, written } = terminal(columns)
  let nowMs = 0
  const progress = createProgress({ stream, now: () => nowMs })
  progress.say('listing deployments.apps objects')
  progress.begin(2_000)
  if (wider !== undefined) stream.columns = wider
  nowMs = 1_500
  progress.done(120)
  progress.end()
  return written
}

const CLEAR = '\r\u001B[2K'
const whole = [
  `${CLEAR}listing deployments.apps objects`,
  `${CLEAR}judging 0 of 2000 objects`,
  `${CLEAR}judging 120 of 2000 objects, 80/s, 24 s left`,
  CLEAR,
]

t.test('the line of progress stays in one row', (t) => {
  for (const columns of [80, 45, 0, undefined]) t.same(run(columns), whole)
  t.same(run(44)[2], `${CLEAR}judging 120 of 2000 objects, 80/s, 24 s le…`)
  t.same(run(20).slice(0, 3), [
    `${CLEAR}listing deployment…`,
    `${CLEAR}judging 0 of 2000…`,
    `${CLEAR}judging 120 of 200…`,
  ])
  t.same(run(20, 80)[2], whole[2], 'as wide as it is by then')
  t.end()
})

t.test('the line of progress has count, rate and time left', (t) => {
  const cases: [number, number, string][] = [
    [0, 0, 'judging 0 of 100 objects'],
    [20, 2_000, 'judging 20 of 100 objects, 10/s, 8 s left'],
    [1, 2_000, 'judging 1 of 100 objects, 0.5/s, 3 min 18 s left'],
    [1, 100_000, 'judging 1 of 100 objects, 0.0/s, 2 h 45 min left'],
  ]
  for (const [done, elapsedMs, line] of cases)
    t.equal(progressLine({ done, total: 100, elapsedMs }), line)
  t.end()
})
