import t from 'tap'
import { valueWithin } from '../../src/time/value-within.ts'

const never = new Promise<string>(() => {})
const late = (): null => null

t.test('gives what comes first', async (t) => {
  t.equal(await valueWithin(60_000, Promise.resolve('value'), late), 'value')
  await t.rejects(
    valueWithin(60_000, Promise.reject(new Error('broken')), late),
    /broken/,
  )
  t.equal(await valueWithin(1, never, late), null)
})

t.test('takes what is known when no time is left', async (t) => {
  t.equal(await valueWithin(-5, never, late), null)
  t.equal(await valueWithin(0, Promise.resolve('value'), late), 'value')
  const { promise, reject } = Promise.withResolvers<string>()
  t.equal(await valueWithin(0, promise, late), null)
  reject(new Error('nobody waits for this any more'))
})
