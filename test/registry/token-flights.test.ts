import t from 'tap'
import { createCredentialFingerprint } from '../../src/registry/credential-fingerprint.ts'
import { newTrail } from '../../src/registry/exchange.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import { createTokenService } from '../../src/registry/token-service.ts'
import type { HttpResponse } from '../../src/registry/transport.ts'
import { endpointOf } from './support/client-of.ts'

/** A token service that answers each request when it is told to, with a clock that is set by hand. */
function setUp() {
  const clock = { nowMs: 0 }
  const answers: ((status: number) => void)[] = []
  const service = createTokenService({
    async exchange({ url }) {
      const { promise, resolve } = Promise.withResolvers<number>()
      answers.push(resolve)
      const response: HttpResponse = {
        kind: 'response',
        status: await promise,
        headers: {},
        truncated: false,
        verified: true,
        body: Buffer.from('{"token":"t"}'),
      }
      return { kind: 'response', url, response }
    },
    observer: silentObserver,
    fingerprint: createCredentialFingerprint(),
    now: () => clock.nowMs,
    wallClock: () => 0,
    timeoutMs: 60_000,
  })
  const ask = () =>
    service.token(
      {
        realm: new URL('https://acme.test/token'),
        service: 'acme',
        scopes: ['repository:team/app:pull'],
        credential: null,
        endpoint: endpointOf('https://acme.test'),
        fresh: false,
        signal: AbortSignal.timeout(20_000),
      },
      newTrail(),
    )
  return { answers, ask, clock }
}

function settled(): Promise<void> {
  return new Promise((done) => setImmediate(done))
}

const refused = { kind: 'verdict', verdict: { outcome: 'unauthorized' } }

t.test('who joined long after a question asks again what it refused', async (t) => {
  const { answers, ask, clock } = setUp()
  const first = ask()
  clock.nowMs += 100
  const withIt = ask()
  clock.nowMs += 2_900
  const joined = ask()
  t.equal(answers.length, 1)
  answers[0]?.(401)
  t.match(await Promise.all([first, withIt]), [refused, refused])
  await settled()
  t.equal(answers.length, 2, 'an account may have been mended since')
  answers[1]?.(200)
  t.match(await joined, { kind: 'token', token: 't' })
})

t.test('a token is as good for who joined', async (t) => {
  const { answers, ask, clock } = setUp()
  const both = [ask()]
  clock.nowMs += 3_000
  both.push(ask())
  answers[0]?.(200)
  for (const each of await Promise.all(both)) t.match(each, { kind: 'token' })
  t.equal(answers.length, 1)
})
