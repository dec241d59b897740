import type { LookupAddress } from 'node:dns'
import t from 'tap'
import { createNameLine } from '../../src/registry/name-line.ts'

const here: LookupAddress[] = [{ address: '10.0.0.7', family: 4 }]

/** A resolver whose answers are given by hand, and a clock that is set by hand. */
function setUp() {
  const asked: string[] = []
  const open = new Map<string, (found: LookupAddress[] | Error) => void>()
  let nowMs = 0
  const resolve = createNameLine({
    now: () => nowMs,
    resolve(hostname) {
      asked.push(hostname)
      return new Promise((found, failed) => {
        open.set(hostname, (answer) =>
          answer instanceof Error ? failed(answer) : found(answer),
        )
      })
    },
  })
  const settle = async (hostname: string, answer: LookupAddress[] | Error = here) => {
    await turn()
    open.get(hostname)?.(answer)
    open.delete(hostname)
    await turn()
  }
  return { asked, resolve, settle, wait: (ms: number) => (nowMs += ms) }
}

/** Everything that was to happen at once has happened. */
const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

const hanging = Array.from({ length: 300 }, (_, at) => `h${at}.evil.test`)
const ignored = (): void => {}

t.test('names that hang do not keep a known one from being resolved', async (t) => {
  const { asked, resolve, settle } = setUp()
  const first = resolve('registry.acme.test')
  await settle('registry.acme.test')
  await first
  for (const name of hanging) resolve(name).catch(ignored)
  await turn()

  const again = resolve('registry.acme.test')
  await settle('registry.acme.test')

  t.same(await again, here)
  t.same(asked, ['registry.acme.test', ...hanging.slice(0, 4), 'registry.acme.test'])
})

t.test(
  'the latest stranger is next, and whom nobody waits for is not asked',
  async (t) => {
    const { asked, resolve, settle, wait } = setUp()
    for (const name of hanging.slice(0, 8)) resolve(name).catch(ignored)
    const forgotten = resolve('late.acme.test')
    await settle('h0.evil.test', new Error('no such name'))
    t.equal(asked.at(-1), 'late.acme.test')
    await settle('late.acme.test')
    t.same(await forgotten, here)
    t.equal(asked.at(-1), 'h7.evil.test')

    const dropped = resolve('h6.evil.test')
    wait(5_000)
    await settle('h1.evil.test')
    await t.rejects(dropped, { code: 'EAI_AGAIN' })
    t.equal(asked.length, 6)
    resolve('new.acme.test').catch(ignored)
    await turn()
    t.equal(asked.at(-1), 'new.acme.test', 'the place is free again')
  },
)

t.test('a name that took long is a stranger again', async (t) => {
  const { asked, resolve, settle, wait } = setUp()
  const slow = resolve('slow.evil.test')
  await turn()
  wait(2_000)
  await settle('slow.evil.test')
  await slow
  for (const name of hanging.slice(0, 4)) resolve(name).catch(ignored)
  await turn()

  resolve('slow.evil.test').catch(ignored)

  t.equal(asked.at(-1), 'h3.evil.test')
})

t.test('equal names at a time are one question, and no answer is kept', async (t) => {
  const { asked, resolve, settle } = setUp()
  const both = [resolve('registry.acme.test'), resolve('registry.acme.test')]
  await settle('registry.acme.test')
  await Promise.all(both)
  const moved = [{ address: '169.254.169.254', family: 4 }]
  const later = resolve('registry.acme.test')
  await settle('registry.acme.test', moved)

  t.same(await later, moved, 'the guard sees the address of now')
  t.equal(asked.length, 2)
})

t.test('the line is bounded', async (t) => {
  const { resolve } = setUp()
  const all = Array.from({ length: 1_005 }, (_, at) => resolve(`h${at}.evil.test`))
  for (const each of all) each.catch(ignored)

  await t.rejects(Promise.all(all.slice(4, 5)).then(ignored), { code: 'EAI_AGAIN' })
})
