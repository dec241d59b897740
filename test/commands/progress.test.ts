import t from 'tap'
import { progressLine } from '../../src/commands/progress.ts'

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
