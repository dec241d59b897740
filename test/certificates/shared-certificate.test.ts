import { X509Certificate } from 'node:crypto'
import { test, type Test } from 'tap'
import { issued, splitBundle } from '../../src/certificates/pem-bundle.ts'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import {
  type CertificateShare,
  shareCertificate,
  type ShareEvent,
} from '../../src/certificates/share-certificate.ts'
import { type FakeApi, fakeApi, storeOf } from './fake-store.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const hosts = ['pullgate.pullgate.svc', '192.0.2.10']

interface Clock {
  nowMs: number
}

interface Replica {
  share: CertificateShare
  events: ShareEvent[]
  leaves: X509Certificate[]
}

function newClock(): Clock {
  return { nowMs: Date.parse('2026-03-01T00:00:00Z') }
}

function replica(api: FakeApi, clock: Clock, names: readonly string[] = hosts): Replica {
  const events: ShareEvent[] = []
  const leaves: X509Certificate[] = []
  const share = shareCertificate({
    store: storeOf(api),
    hosts: names,
    now: () => clock.nowMs,
    apply: ({ cert }) => leaves.push(new X509Certificate(cert)),
    onEvent: (event) => events.push(event),
  })
  return { share, events, leaves }
}

function servedBy({ share }: Replica): X509Certificate | null {
  return share.serving()?.leaf ?? null
}

function problems({ events }: Replica): string[] {
  return events.flatMap((event) => (event.kind === 'problem' ? [event.reason] : []))
}

function bundlesOf(api: FakeApi): X509Certificate[][] {
  return (api.configuration?.bundles ?? []).map(splitBundle)
}

/** As the API server checks it: signature, names by issuer, and dates of both. */
function verifies(
  leaf: X509Certificate,
  bundle: X509Certificate[],
  nowMs: number,
): boolean {
  return bundle.some(
    (ca) =>
      issued(ca, leaf) &&
      [ca, leaf].every(
        (one) =>
          one.validFromDate.getTime() <= nowMs && nowMs < one.validToDate.getTime(),
      ),
  )
}

/** Requests wait in line and are answered in an order that the seed decides, so that replicas overtake each other. */
function shuffleCalls(api: FakeApi, seed: number): void {
  let state = seed
  const random = (): number => {
    // Numerical Recipes' generator: any will do, as long as it repeats.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  api.before = async () => {
    for (let turns = Math.floor(random() * 6); turns > 0; turns -= 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    return null
  }
}

test('two replicas walk through two renewals, and what is served is always trusted', async (t) => {
  for (const seed of [1, 2, 3]) await walk(t, seed)
})

async function walk(t: Test, seed: number): Promise<void> {
  const clock = newClock()
  const api = fakeApi()
  shuffleCalls(api, seed)
  const replicas = [replica(api, clock), replica(api, clock)]
  // An API server that hears of a changed bundle four minutes late.
  const history: { sinceMs: number; bundles: X509Certificate[][] }[] = []
  const lateBundles = (): X509Certificate[][] =>
    history.findLast(({ sinceMs }) => sinceMs <= clock.nowMs - 4 * MINUTE_MS)?.bundles ??
    []
  const faults: string[] = []
  const sizes = new Set<number>()
  const check = (): void => {
    for (const [index, each] of replicas.entries()) {
      const leaf = servedBy(each)
      if (leaf === null) continue
      for (const bundle of [...bundlesOf(api), ...lateBundles()]) {
        if (verifies(leaf, bundle, clock.nowMs)) continue
        faults.push(`replica ${index} at ${new Date(clock.nowMs).toISOString()}`)
      }
    }
    for (const bundle of bundlesOf(api)) sizes.add(bundle.length)
  }
  api.changed = () => {
    history.push({ sinceMs: clock.nowMs, bundles: bundlesOf(api) })
    check()
  }

  await Promise.all(replicas.map(({ share }) => share.step()))
  const [one, two] = replicas as [Replica, Replica]
  t.equal(servedBy(one)?.fingerprint256, servedBy(two)?.fingerprint256, 'they share one')
  t.equal(api.calls.filter((call) => call === 'createSecret').length >= 1, true)
  sizes.clear()
  const endMs = clock.nowMs + 150 * DAY_MS
  while (clock.nowMs < endMs) {
    const answers = await Promise.all(replicas.map(({ share }) => share.step()))
    check()
    const isSettled = answers.every(({ settled }) => settled)
    clock.nowMs += isSettled ? DAY_MS / 2 : MINUTE_MS
    check()
  }

  t.strictSame(
    faults,
    [],
    `seed ${seed}: trusted at every step, late API servers included`,
  )
  t.equal(one.leaves.length, 3, 'renewed at two thirds of 90 days, twice')
  t.equal(two.leaves.length, 3)
  t.strictSame(
    [...sizes].toSorted((a, b) => a - b),
    [1, 2],
    'both CAs during the change, then one',
  )
  const prepared = replicas.flatMap(({ events }) =>
    events.filter((event) => event.kind === 'wrote' && event.what === 'prepare'),
  )
  t.equal(prepared.length, 2, 'each prepared by one replica alone')
  t.strictSame([...problems(one), ...problems(two)], [])
  for (const leaf of one.leaves) {
    t.equal(leaf.checkHost('pullgate.pullgate.svc'), 'pullgate.pullgate.svc')
    t.equal(leaf.checkIP('192.0.2.10'), '192.0.2.10')
  }
}

test('the caBundle is published and read back before a new leaf is served', async (t) => {
  const clock = newClock()
  const api = fakeApi()
  const one = replica(api, clock)

  await one.share.step()

  t.strictSame(api.calls, [
    'readBundle',
    'readSecret',
    'createSecret',
    'readBundle',
    'readSecret',
    'patchBundle',
    'readBundle',
    'readSecret',
  ])
  t.equal(one.share.trust().status, 'trusted')
  t.equal(api.secret?.data['ca.crt'], api.configuration?.bundles[0], 'as it is in ca.crt')

  clock.nowMs += 61 * DAY_MS
  t.strictSame(await one.share.step(), { settled: false })
  t.equal(one.leaves.length, 1, 'the next one is only published')
  t.equal(bundlesOf(api)[0]?.length, 2)
  clock.nowMs += 4 * MINUTE_MS
  await one.share.step()
  t.equal(one.leaves.length, 1, 'long enough for every API server')
  clock.nowMs += MINUTE_MS
  t.strictSame(await one.share.step(), { settled: true })
  t.equal(one.leaves.length, 2)
  clock.nowMs += 8 * DAY_MS
  await one.share.step()
  t.equal(bundlesOf(api)[0]?.length, 1, 'the old CA is gone after a week')
  t.notOk(api.secret !== null && 'next.key' in api.secret.data, 'and so is the spare key')
})

test('a caBundle that somebody empties is filled again', async (t) => {
  const clock = newClock()
  const api = fakeApi()
  const one = replica(api, clock)
  await one.share.step()

  api.configuration = { bundles: ['', 'no PEM'], version: 7 }
  await one.share.step()

  t.ok(bundlesOf(api).every((bundle) => bundle.length === 1))
  t.equal(one.leaves.length, 1)
})

test('CAs that were trusted before stay for a week', async (t) => {
  const clock = newClock()
  const [mounted, gone] = await Promise.all([
    createSelfSigned({ hosts, nowMs: clock.nowMs - DAY_MS, validDays: 30 }),
    createSelfSigned({ hosts, nowMs: clock.nowMs - 40 * DAY_MS, validDays: 30 }),
  ])
  const api = fakeApi([mounted.ca + gone.ca])
  const one = replica(api, clock)

  await one.share.step()
  t.equal(bundlesOf(api)[0]?.length, 2, 'but expired ones go at once')
  t.ok(verifies(new X509Certificate(mounted.cert), bundlesOf(api)[0] ?? [], clock.nowMs))

  clock.nowMs += 8 * DAY_MS
  await one.share.step()
  t.equal(bundlesOf(api)[0]?.length, 1)
})

test('a Secret that is deleted, emptied or broken is made anew without a gap in trust', async (t) => {
  const breakings: [string, (api: FakeApi) => void][] = [
    ['deleted', (api) => (api.secret = null)],
    [
      'emptied',
      (api) => (api.secret = { data: { 'tls.crt': '', other: 'x' }, version: 9 }),
    ],
    ['without its key', (api) => delete api.secret?.data['tls.key']],
    ['without its CA', (api) => delete api.secret?.data['ca.crt']],
  ]
  for (const [name, breakIt] of breakings) {
    const clock = newClock()
    const api = fakeApi()
    const one = replica(api, clock)
    const two = replica(api, clock)
    await one.share.step()
    await two.share.step()

    breakIt(api)
    await Promise.all([one.share.step(), two.share.step()])

    t.equal(bundlesOf(api)[0]?.length, 2, `${name}: both are trusted`)
    t.equal(one.leaves.length, 1, 'and the old one is served until that is known')
    clock.nowMs += 5 * MINUTE_MS
    await Promise.all([one.share.step(), two.share.step()])
    t.equal(one.leaves.length, 2)
    t.equal(servedBy(one)?.fingerprint256, servedBy(two)?.fingerprint256)
    if (name === 'emptied') t.equal(api.secret?.data.other, 'x', 'other keys stay')
  }
})

test("somebody else's certificate is not touched", async (t) => {
  const api = fakeApi()
  const foreign = { 'tls.crt': 'no certificate', 'tls.key': 'no key' }
  api.secret = { data: foreign, version: 5 }
  const one = replica(api, newClock())

  await one.share.step()
  await one.share.step()

  t.match(problems(one), [/did not make/])
  t.equal(problems(one).length, 1, 'told once')
  t.strictSame(api.secret.data, foreign)
  t.equal(one.share.serving(), null)
})

test('other hosts bring a new certificate by the same way', async (t) => {
  const clock = newClock()
  const api = fakeApi()
  const old = replica(api, clock)
  await old.share.step()
  const upgraded = replica(api, clock, ['pullgate.elsewhere.svc'])
  await upgraded.share.step()
  t.equal(upgraded.leaves.length, 1, 'what is shared is served first')

  clock.nowMs += 5 * MINUTE_MS
  await upgraded.share.step()

  t.equal(
    servedBy(upgraded)?.checkHost('pullgate.elsewhere.svc'),
    'pullgate.elsewhere.svc',
  )
  t.ok(verifies(old.leaves[0] as X509Certificate, bundlesOf(api)[0] ?? [], clock.nowMs))
})

test('an API server in trouble', async (t) => {
  t.test('leaves what is served in service', async (each) => {
    const clock = newClock()
    const api = fakeApi()
    const one = replica(api, clock)
    await one.share.step()

    api.before = async () => 'the API server did not answer'
    clock.nowMs += 70 * DAY_MS
    await one.share.step()
    await one.share.step()
    each.strictSame(problems(one), ['the API server did not answer'])
    each.equal(one.leaves.length, 1)
    each.equal(one.share.trust().status, 'unknown')
    each.equal(one.share.problem(), 'the API server did not answer')

    api.before = async () => null
    await one.share.step()
    each.strictSame(one.events.at(-1), { kind: 'recovered' })
    clock.nowMs += 5 * MINUTE_MS
    await one.share.step()
    each.equal(one.leaves.length, 2, 'and the renewal is made up for')
  })

  t.test('that was away beyond the end of the certificate', async (each) => {
    const clock = newClock()
    const api = fakeApi()
    const one = replica(api, clock)
    await one.share.step()

    clock.nowMs += 100 * DAY_MS
    await one.share.step()

    each.equal(one.leaves.length, 2, 'gets a new one at once')
    each.ok(
      verifies(one.leaves[1] as X509Certificate, bundlesOf(api)[0] ?? [], clock.nowMs),
    )
    each.equal(bundlesOf(api)[0]?.length, 1)
  })

  t.test(
    'that forbids the caBundle is told once, and nothing untrusted replaces what is trusted',
    async (each) => {
      const clock = newClock()
      const api = fakeApi()
      const first = replica(api, clock)
      await first.share.step()

      api.before = async (call) => (call === 'patchBundle' ? 'may not patch it' : null)
      clock.nowMs += 61 * DAY_MS
      for (let look = 0; look < 20; look += 1) {
        await first.share.step()
        clock.nowMs += MINUTE_MS
      }
      each.strictSame(problems(first), ['may not patch it'])
      each.equal(first.leaves.length, 1)
      each.equal(first.share.trust().status, 'trusted')

      const second = replica(api, clock)
      await second.share.step()
      each.equal(second.leaves.length, 1, 'a new replica serves what is trusted')
      each.equal(second.share.trust().status, 'trusted')
    },
  )

  t.test(
    'that forbids everything from the start leaves nothing to serve',
    async (each) => {
      const api = fakeApi()
      api.before = async (call) => (call === 'createSecret' ? 'may not create it' : null)
      const one = replica(api, newClock())
      await one.share.step()
      each.equal(one.share.serving(), null)
      each.equal(one.share.problem(), 'may not create it')
    },
  )

  t.test(
    'that forbids the caBundle at the first start says that nobody trusts it',
    async (each) => {
      const api = fakeApi()
      api.before = async (call) => (call === 'patchBundle' ? 'may not patch it' : null)
      const one = replica(api, newClock())
      await one.share.step()
      each.equal(one.leaves.length, 1)
      each.equal(one.share.trust().status, 'untrusted')
    },
  )

  t.test('without the webhook configuration waits for it', async (each) => {
    const clock = newClock()
    const api = fakeApi(null)
    const one = replica(api, clock)
    each.strictSame(await one.share.step(), { settled: true })
    each.equal(one.share.trust().status, 'unknown')
    api.configuration = { bundles: [''], version: 1 }
    await one.share.step()
    each.equal(one.share.trust().status, 'trusted')
  })
})

test('a replica that was suspended cannot publish what is old by now', async (t) => {
  const clock = newClock()
  const api = fakeApi()
  const quick = replica(api, clock)
  const slow = replica(api, clock)
  await quick.share.step()
  await slow.share.step()

  const suspended = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  api.configuration = { bundles: [''], version: 50 }
  let isFirst = true
  api.before = async (call) => {
    if (call !== 'patchBundle' || !isFirst) return null
    isFirst = false
    arrived.resolve()
    await suspended.promise
    return null
  }
  const late = slow.share.step()
  await arrived.promise
  clock.nowMs += 61 * DAY_MS
  await quick.share.step()
  clock.nowMs += 5 * MINUTE_MS
  await quick.share.step()
  const before = api.configuration.bundles[0]
  suspended.resolve()
  await late

  t.equal(api.configuration.bundles[0], before)
  t.ok(verifies(servedBy(quick) as X509Certificate, bundlesOf(api)[0] ?? [], clock.nowMs))
  t.ok(verifies(servedBy(slow) as X509Certificate, bundlesOf(api)[0] ?? [], clock.nowMs))
})
