import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startDeadline, withDeadline } from '../../src/time/deadline.ts'

t.test('a deadline fires at its time, or with the signal that it follows', async (t) => {
  const short = startDeadline(1)
  await sleep(20)
  t.ok(short.signal.aborted)
  t.equal((short.signal.reason as Error).name, 'TimeoutError')
  short.clear()

  const whole = new AbortController()
  const share = startDeadline(60_000, whole.signal)
  t.notOk(share.signal.aborted)
  whole.abort(new Error('stopped'))
  t.ok(share.signal.aborted)
  t.match(share.signal.reason, { message: 'stopped' })
  share.clear()
})

t.test(
  'where no time is left, or the followed signal has fired, it has fired',
  async (t) => {
    t.ok(startDeadline(0).signal.aborted)
    t.ok(startDeadline(-5).signal.aborted)
    const whole = AbortSignal.abort(new Error('stopped'))
    t.equal(startDeadline(60_000, whole).signal, whole)
  },
)

t.test('after it was let go of, it does not fire', async (t) => {
  const whole = new AbortController()
  const share = startDeadline(5, whole.signal)
  share.clear()
  whole.abort()
  await sleep(20)
  t.notOk(share.signal.aborted)
})

t.test('work has its deadline, and ends it', async (t) => {
  let seen: AbortSignal | null = null
  const answer = await withDeadline(5, async (signal) => {
    seen = signal
    return 'done'
  })
  t.equal(answer, 'done')
  await sleep(20)
  t.notOk((seen as AbortSignal | null)?.aborted)
  await t.rejects(
    withDeadline(5, async () => Promise.reject(new Error('failed'))),
    { message: 'failed' },
  )
})

t.test('a wait that was not worth more says nothing of who was asked', async (t) => {
  const reason = await withDeadline(
    1,
    (signal) =>
      new Promise<unknown>((resolve) => {
        signal.addEventListener('abort', () => resolve(signal.reason))
      }),
    'AbortError',
  )
  t.match(reason, { name: 'AbortError' })
})
