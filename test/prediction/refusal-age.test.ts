import t from 'tap'
import { bot, setUp, TAG } from './a-lookup-cache.ts'
import {
  certainCauses,
  createWorld,
  found,
  notFound,
  pod,
  unauthorized,
} from './world.ts'
import type { BareResult, WorldOptions } from './world.ts'

// How old a refusal may be: two seconds at most, counted from its question, or as old as the question of whoever is refused.

/** A registry that answers each question when it is told to, and as it is told to. */
function slowRegistry() {
  const answers: ((result: BareResult) => void)[] = []
  const cache = setUp(() => {
    const { promise, resolve } = Promise.withResolvers<BareResult>()
    answers.push(resolve)
    return promise
  })
  return { ...cache, answers }
}

function settled(): Promise<void> {
  return new Promise((done) => setImmediate(done))
}

t.test('an older question takes nothing from what a newer one brought', async (t) => {
  for (const [older, newer] of [
    [notFound, found],
    [found, notFound],
  ] as const) {
    const { answers, ask, asked, clock } = slowRegistry()
    const first = ask()
    clock.nowMs += 2_001
    const second = ask()
    answers[1]?.(newer)
    t.equal((await second).outcome, newer.outcome)
    answers[0]?.(older)
    t.equal((await first).outcome, older.outcome)
    clock.nowMs += 1_000
    t.equal((await ask()).outcome, newer.outcome)
    t.equal(asked.length, 2)
  }
})

const refusals: { name: string; result: BareResult }[] = [
  { name: 'not found', result: notFound },
  { name: 'a rejected password', result: unauthorized('rejected', true) },
]

for (const { name, result } of refusals)
  t.test(`${name}, asked for before somebody pushed or mended it`, async (t) => {
    const { answers, ask, asked, clock } = slowRegistry()
    const told: number[] = []
    const how = {
      credential: bot,
      fresh: true,
      onAnswer: (ms: number): void => void told.push(ms),
    }
    const askedAtMs = clock.nowMs
    const first = ask(how)
    clock.nowMs += 10
    const withIt = ask(how)
    clock.nowMs += 1_890
    const joined = ask(how)
    t.equal(asked.length, 1)
    clock.nowMs += 1_400
    answers[0]?.(result)
    t.equal((await first).outcome, result.outcome, 'who asked it is told it')
    t.equal((await withIt).outcome, result.outcome, 'and who came with it')
    await settled()
    t.equal(asked.length, 2, 'who came later asks again')
    answers[1]?.(found)
    t.equal((await joined).outcome, 'found')
    t.same(told, [askedAtMs, askedAtMs, askedAtMs + 3_300])
  })

t.test('a joined refusal is told where it is not old, or denies nothing', async (t) => {
  for (const [fresh, waitMs] of [
    [true, 100],
    [false, 1_400],
  ] as const) {
    const { answers, ask, asked, clock } = slowRegistry()
    const both = [ask({ fresh })]
    clock.nowMs += 1_900
    both.push(ask({ fresh }))
    clock.nowMs += waitMs
    answers[0]?.(notFound)
    for (const each of both) t.equal((await each).outcome, 'not-found')
    t.equal(asked.length, 1)
  }
})

t.test('who left asks nothing again', async (t) => {
  const { answers, ask, asked, clock } = slowRegistry()
  const first = ask({ fresh: true })
  const leaving = new AbortController()
  clock.nowMs += 1_900
  const joined = ask({ fresh: true, signal: leaving.signal })
  leaving.abort()
  t.equal((await joined).outcome, 'interrupted')
  clock.nowMs += 1_400
  answers[0]?.(notFound)
  await first
  await settled()
  t.equal(asked.length, 1)
})

const MISSING = 'registry.acme.test/team/api:9.9'

/** Of two images one is not there, and the other has no answer until `signal` fires. */
async function besideOneThatHangs(
  overrides: WorldOptions['overrides'],
  signal?: AbortSignal,
) {
  const { promise: hangs, resolve: letGo } = Promise.withResolvers<BareResult>()
  const world = await createWorld({
    answer: ({ image }) => (image === MISSING ? notFound : hangs),
    overrides: { ...overrides },
  })
  const predictions = await world.predict(pod({ images: [TAG, MISSING] }), signal)
  letGo(found)
  return predictions
}

t.test('a refusal does not become old while another image hangs', async (t) => {
  const predictions = await besideOneThatHangs({ refusalWithinMs: 5 })
  t.same(certainCauses(predictions), ['ImageNotFound'])
  t.match(predictions[0]?.findings, [
    {
      cause: 'Unverified',
      certainty: 'uncertain',
      message: `${TAG} had no answer yet when another image was certain to fail.`,
    },
  ])
})

t.test('a report waits for every image', async (t) => {
  const deadline = new AbortController()
  setTimeout(() => deadline.abort(), 20)
  const predictions = await besideOneThatHangs({ refusalWithinMs: null }, deadline.signal)
  t.same(certainCauses(predictions), ['ImageNotFound'])
  t.match(predictions[0]?.findings, [
    { message: /^registry\.acme\.test did not answer in time/ },
  ])
})
