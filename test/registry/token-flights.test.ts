import t from 'tap'
import { createCredentialFingerprint } from '../../src/registry/credential-fingerprint.ts'
import { newTrail } from '../../src/registry/exchange.ts'
import type { Trail } from '../../src/registry/exchange.ts'
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
  const ask = (trail: Trail) =>
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
      trail,
    )
  return { answers, ask, clock }
}

t.test('the trail of who joined a request tells when it was sent', async (t) => {
  for (const status of [200, 401]) {
    const { answers, ask, clock } = setUp()
    const trails = [newTrail(), newTrail()]
    clock.nowMs = 1_000
    const both = trails.map((trail) => {
      clock.nowMs += 100
      return ask(trail)
    })
    t.equal(answers.length, 1)
    answers[0]?.(status)
    const kind = status === 200 ? 'token' : 'verdict'
    t.match(await Promise.all(both), [{ kind }, { kind }])
    t.same(
      trails.map(({ joinedMs }) => joinedMs),
      [null, 1_100],
    )
  }
})
