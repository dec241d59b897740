import t from 'tap'
import { valueBefore } from '../../src/time/value-before.ts'

const never = new Promise<string>(() => {})
const late = (): null => null

t.test('gives what comes first', async (t) => {
  const { signal } = new AbortController()
  t.equal(await valueBefore(signal, Promise.resolve('value'), late), 'value')
  await t.rejects(
    valueBefore(signal, Promise.reject(new Error('broken')), late),
    /broken/,
  )

  const controller = new AbortController()
  const waiting = valueBefore(controller.signal, never, late)
  controller.abort()
  t.equal(await waiting, null)
})

t.test('waits for nothing once the signal has fired', async (t) => {
  const signal = AbortSignal.abort()
  t.equal(await valueBefore(signal, never, late), null)
  t.equal(await valueBefore(signal, Promise.resolve('value'), late), 'value', 'known')
  const { promise, reject } = Promise.withResolvers<string>()
  t.equal(await valueBefore(signal, promise, late), null)
  reject(new Error('nobody waits for this any more'))
})
