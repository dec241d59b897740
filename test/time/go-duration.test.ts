import t from 'tap'
import { parseGoDuration } from '../../src/time/go-duration.ts'

t.test('reads durations as Go does', (t) => {
  const table: [text: string, ms: number | null][] = [
    ['12h', 43_200_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['1us', 0.001],
    ['1500\u00b5s', 1.5],
    ['1500\u03bcs', 1.5],
    ['2000000ns', 2],
    ['0', 0],
    ['0s', 0],
    ['-0', 0],
    ['-1m', -60_000],
    ['+1m', 60_000],
    ['', null],
    ['1', null],
    ['h', null],
    ['1h ', null],
    ['8 s', null],
    ['8S', null],
    ['1d', null],
    ['.s', null],
    ['1e3s', null],
    ['9999999999h', null],
  ]
  for (const [text, ms] of table) t.equal(parseGoDuration(text), ms, text)
  t.end()
})
