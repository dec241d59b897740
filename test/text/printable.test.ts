import * as fc from 'fast-check'
import t from 'tap'
import { printable } from '../../src/text/printable.ts'

const ESC = '\u001b'

await t.test('what could fool a reader or a terminal becomes a space', async (test) => {
  const cases: [text: string, shown: string][] = [
    ['nginx:1.25', 'nginx:1.25'],
    ['a\nb\r\n\tc', 'a b c'],
    [`${ESC}[31mred${ESC}[0m`, '[31mred [0m'],
    [`${ESC}]8;;http://x${ESC}\\link`, ']8;;http://x \\link'],
    ['\u009b31mred', '31mred'],
    ['a\0b\u007fc', 'a b c'],
    ['user\u202egpj.exe', 'user gpj.exe'],
    ['a\u2066b\u2069c', 'a b c'],
    ['pay\u200bpal\ufeff', 'pay pal'],
    ['a\u2028b\u2029c', 'a b c'],
    ['a\u00adb\u061cc', 'a b c'],
    ['x\uD800y', 'x\uFFFDy'],
    ['\uDC00', '\uFFFD'],
    ['e\u{E0041}vil\u{E007F}', 'e vil'],
    ['a\u180eb\ufff9c\u{1d173}d', 'a b c d'],
    ['été 日本 👍', 'été 日本 👍'],
    ['  \n ', ''],
    ['', ''],
  ]
  for (const [text, shown] of cases) test.equal(printable(text), shown, shown)
})

await t.test('long text is cut with an ellipsis and no half character', async (test) => {
  test.equal(printable('abcdef', 6), 'abcdef')
  test.equal(printable('abcdefg', 6), 'abcde…')
  test.equal(printable('a👍👍👍', 3), 'a…')
  test.equal(printable('x'.repeat(1_000_000)).length, 500)
  test.equal(printable(`${'\n'.repeat(1_000_000)}x`, 10).length <= 10, true)
  test.equal(printable(`abc${' '.repeat(100)}`, 10), 'abc')
  test.equal(printable(`abc${'\n'.repeat(100)}def`, 10), 'abc…')
  test.equal(printable('abc', 0), '')
  test.equal(printable('abc', 1), '…')
})

await t.test('any text becomes one bounded and well-formed line', async (test) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(30), (text, maxLength) => {
      const line = printable(text, maxLength)
      return (
        line.length <= maxLength &&
        line.isWellFormed() &&
        !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line)
      )
    }),
    { numRuns: 2000 },
  )
  test.pass('holds')
})
