import t from 'tap'
import { bot, setUp, TAG } from './a-lookup-cache.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import { startLateness } from '../../src/prediction/in-time.ts'
import {
  certainCauses,
  createWorld,
  found,
  login,
  nodeObject,
  notFound,
  pod,
  secretObject,
  unauthorized,
} from './world.ts'
import type { BareResult } from './world.ts'
import type { PredictionRequest } from '../../src/prediction/predictor.ts'

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
    const told = older === notFound ? newer : older
    t.equal((await first).outcome, told.outcome, 'nor is what is refused told')
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

t.test('who came before a question was asked is told its answer', async (t) => {
  const { answers, ask, asked, clock } = slowRegistry()
  const first = ask({ fresh: true })
  clock.nowMs += 1_900
  const joined = ask({ fresh: true })
  clock.nowMs += 200
  const later = ask({ fresh: true })
  clock.nowMs += 1_200
  answers[0]?.(notFound)
  t.equal((await first).outcome, 'not-found')
  await settled()
  clock.nowMs += 1_700
  answers[1]?.(notFound)
  t.equal((await later).outcome, 'not-found')
  t.equal((await joined).outcome, 'not-found')
  t.equal(asked.length, 2, 'else a slow registry would be asked again until the deadline')
})

t.test('a token request of another look-up is a part of the question', async (t) => {
  const told: number[] = []
  const { ask, asked, clock } = setUp(async () => ({
    ...unauthorized('rejected', true),
    evidence: { joinedMs: 500 },
  }))
  const how = { credential: bot, onAnswer: (ms: number): void => void told.push(ms) }
  await ask(how)
  clock.nowMs += 1_400
  await ask({ ...how, fresh: true })
  t.equal(asked.length, 1)
  clock.nowMs += 101
  await ask(how)
  t.equal(asked.length, 1, 'a rejected credential is not sent again')
  t.same(told, [500, 500, 500])
  const again = ask({ ...how, fresh: true })
  await settled()
  t.ok(asked.length > 1, 'but to deny')
  await again
})

const MISSING = 'registry.acme.test/team/api:9.9'

/** Of two images one is not there, and the other has no answer until `signal` fires. */
async function besideOneThatHangs(
  denies: PredictionRequest['denies'],
  signal?: AbortSignal,
) {
  const { promise: hangs, resolve: letGo } = Promise.withResolvers<BareResult>()
  const clock = { nowMs: 0 }
  const world = await createWorld({
    clock,
    answer({ image }) {
      if (image !== MISSING) return hangs
      // All but the two seconds for which a refusal is good.
      clock.nowMs += 1_995
      return notFound
    },
  })
  const workload = pod({ images: [TAG, MISSING] })
  const predictions = await world.predict(workload, signal, denies)
  letGo(found)
  return predictions
}

t.test('a refusal does not become old while another image hangs', async (t) => {
  const predictions = await besideOneThatHangs(() => true)
  t.same(certainCauses(predictions), ['ImageNotFound'])
  t.match(predictions[0]?.findings, [
    {
      cause: 'Unverified',
      certainty: 'uncertain',
      message: `${TAG} was not waited for any longer, since another image was certain to fail.`,
    },
  ])
})

t.test('what denies nothing, and a report, wait for every image', async (t) => {
  for (const denies of [() => false, undefined]) {
    const deadline = new AbortController()
    setTimeout(() => deadline.abort(), 50)
    const predictions = await besideOneThatHangs(denies, deadline.signal)
    t.same(certainCauses(predictions), ['ImageNotFound'])
    t.match(predictions[0]?.findings, [
      { message: /^registry\.acme\.test did not answer in time/ },
    ])
  }
})

t.test('after a refusal the work for other images ends', async (t) => {
  const lateness = startLateness(new AbortController().signal, () => 1_000)
  lateness.refusedBy(60_000)
  lateness.refusedBy(1_005)
  t.equal(await lateness.over, 'refused')
  t.match(lateness.signal.reason, { name: 'AbortError' })
  lateness.clear()
})

t.test('Secrets are read anew for who is refused two seconds later', async (t) => {
  const clock = { nowMs: 0 }
  const pushed = 'registry.acme.test/team/api:pushed'
  const slow = 'registry.acme.test/team/api:slow'
  const seen = new Set<string>()
  const world = await createWorld({
    clock,
    objects: [secretObject('acme-pull', { 'registry.acme.test': login('bot') })],
    async answer({ image }) {
      if (image === pushed) {
        // So that it is asked for once more.
        clock.nowMs += 2
        return seen.has(image) ? found : (seen.add(image), notFound)
      }
      // Answered after the other has had its second look.
      if (!seen.has(image)) await new Promise((done) => setTimeout(done, 20))
      seen.add(image)
      clock.nowMs += 2_001
      return notFound
    },
  })
  const predictions = await world.predict(
    pod({ images: [pushed, slow], secrets: ['acme-pull'] }),
  )
  t.same(certainCauses(predictions), ['ImageNotFound'])
  t.equal(world.secretReads.filter((read) => read.endsWith(' fresh')).length, 2)
})

/** The cluster's facts, and in which order it and the registry are asked. */
async function asksInOrder(onPods: (clock: { nowMs: number }) => void = () => {}) {
  const clock = { nowMs: 0 }
  const order: string[] = []
  const objects = [nodeObject()]
  const store = objectStoreFacts(
    createObjectStore(objects.flatMap((object) => readKubernetesObjects(object))),
    { complete: true, mayNameNamespaces: false },
  )
  const world = await createWorld({
    clock,
    objects,
    answer() {
      order.push('registry')
      clock.nowMs += 2
      return notFound
    },
    facts: {
      async nodes(read) {
        order.push(`nodes${read.fresh ? ' fresh' : ''}`)
        return store.nodes(read)
      },
      async podsUsingRegistry(registry, read) {
        order.push(`pods${read.fresh ? ' fresh' : ''}`)
        if (read.fresh) onPods(clock)
        return store.podsUsingRegistry(registry, read)
      },
    },
  })
  return { order, world }
}

t.test('the second look reads the cluster anew, what is slow first', async (t) => {
  const { order, world } = await asksInOrder()
  const predictions = await world.predict(pod({ policy: 'IfNotPresent' }))
  t.same(certainCauses(predictions), ['ImageNotFound'])
  const secondLook = order.slice(order.indexOf('nodes fresh'))
  t.same(secondLook.slice(0, 3), ['nodes fresh', 'registry', 'pods fresh'])
})

t.test('after two seconds of waiting for the cluster nothing is denied', async (t) => {
  for (const denies of [() => true, undefined]) {
    const { world } = await asksInOrder((clock) => void (clock.nowMs += 2_001))
    const workload = pod({ policy: 'IfNotPresent' })
    const predictions = await world.predict(workload, undefined, denies)
    t.same(
      certainCauses(predictions),
      denies === undefined ? ['ImageNotFound'] : [],
      'which is nothing to a report',
    )
  }
})
